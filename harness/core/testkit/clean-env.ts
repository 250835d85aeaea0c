/** This process's environment without what its own Jest has told its workers. */
export function cleanEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !/^(ESPRIG_|JEST_|FORCE_COLOR)/.test(key)),
  );
}
