import { describe, expect, test } from '@jest/globals';
import { RestartAllowance } from './restart-allowance';

/** A console of which only the count is asked. */
function counter() {
  const count = {
    allowedResets: 0,
    allowResets: (resets: number) => void (count.allowedResets = resets),
    reset: () => void (count.allowedResets -= 1),
  };
  return count;
}

interface Upload {
  readonly ended: Promise<string>;
  readonly end: (answer: 'good' | 'refused') => Promise<void>;
}

function begin(allowance: RestartAllowance): Upload {
  let answer: (text: string) => void = () => undefined;
  const ended = allowance.during(
    () => new Promise<string>((resolve) => (answer = resolve)),
    (text) => text === 'good',
  );
  return {
    ended,
    end: async (text) => {
      answer(text);
      await ended;
    },
  };
}

describe('the restart behind an upload', () => {
  test('is allowed from its beginning, and not behind a refusal', async () => {
    const count = counter();
    const upload = begin(new RestartAllowance(count));
    expect(count.allowedResets).toBe(1);
    await upload.end('refused');
    expect(count.allowedResets).toBe(0);
  });

  test('stays allowed until it comes', async () => {
    const count = counter();
    await begin(new RestartAllowance(count)).end('good');
    expect(count.allowedResets).toBe(1);
  });

  test('is not withdrawn by another that is refused meanwhile', async () => {
    const count = counter();
    const allowance = new RestartAllowance(count);
    const first = begin(allowance);
    await begin(allowance).end('refused');
    expect(count.allowedResets).toBe(1);
    await first.end('good');
    expect(count.allowedResets).toBe(1);
  });

  test('is not withdrawn by one that is refused before it has come', async () => {
    const count = counter();
    const allowance = new RestartAllowance(count);
    await begin(allowance).end('good');
    await begin(allowance).end('refused');
    expect(count.allowedResets).toBe(1);
  });

  test('is not allowed twice when it came while another was refused', async () => {
    const count = counter();
    const allowance = new RestartAllowance(count);
    await begin(allowance).end('good');
    const second = begin(allowance);
    count.reset();
    await second.end('refused');
    expect(count.allowedResets).toBe(0);
  });

  test('of one that came to nothing is not allowed', async () => {
    const count = counter();
    const allowance = new RestartAllowance(count);
    const broken = allowance.during(
      () => Promise.reject(new Error('closed')),
      () => true,
    );
    await expect(broken).rejects.toThrow('closed');
    expect(count.allowedResets).toBe(0);
  });
});
