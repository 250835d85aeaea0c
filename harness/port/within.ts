/** Waits for `work`, at most `limitMs`; then throws what `late` returns, or returns undefined when it returns nothing. */
export async function withinMs<T>(
  work: Promise<T>,
  limitMs: number,
  late: () => Error | undefined,
): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<undefined>((resolve, reject) => {
    timer = setTimeout(() => {
      const error = late();
      if (error === undefined) resolve(undefined);
      else reject(error);
    }, limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
    // The loser of the race may still fail; nobody is left to hear it.
    work.catch(() => undefined);
  }
}
