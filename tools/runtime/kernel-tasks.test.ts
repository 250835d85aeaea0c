import { beforeAll, describe, expect, test } from '@jest/globals';
import { buildKernelProgram, runKernelProgram } from './kernel-programs';
import { toolsMissing } from './tool';

/* The kernel on the emulated board, started by boot ROM and bootloader. Each program prints one line a finding. */
const suite = toolsMissing() === undefined ? describe : describe.skip;

/** Lines by the word before their colon. */
function byName(lines: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(lines.map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]));
}

suite('tasks', () => {
  let said: Readonly<Record<string, string>>;
  beforeAll(async () => {
    said = byName(runKernelProgram(await buildKernelProgram('tasks'), 20));
  });

  test('app_main runs in the SDK’s task, at priority 1', () => {
    expect(said['task']).toBe('uiT, priority 1');
  });

  test('a task of higher priority runs within xTaskCreate, one of lower when its maker waits', () => {
    expect(said['preemption']).toBe('HabLc');
  });

  test('tasks of one priority share the CPU by ticks', () => {
    expect(said['round robin']).toBe('both ran 1, within 5 % of each other 1');
  });

  test('taskYIELD lets the others of the priority run in turn', () => {
    expect(said['yield']).toBe('xyzxyzxyz');
  });

  test('delays last the ticks that were asked for, vTaskDelayUntil keeps its period under work', () => {
    expect(said['delays']).toBe('1 2 3 10 57 100');
    expect(said['delay until']).toBe('50');
  });

  test('ticks missed while interrupts were masked for 37 ms each time are made up for', () => {
    expect(said['masked']).toMatch(/^3[6-8] ticks in 0.3 s$/);
  });

  test('critical sections nest', () => {
    expect(said['nested critical sections']).toBe('0 ticks within, 1 behind');
  });

  test('a task can be suspended, the scheduler too, and a deleted task gives its memory back', () => {
    expect(said['suspended']).toBe('stood 1, went on 1, waited for the scheduler 1, then 1');
    expect(said['deleted']).toBe('1 task less, memory back 1');
  });

  test('notifications count, carry bits, and time out', () => {
    expect(said['notifications']).toBe('20wvt');
  });
});

suite('queues and their kin', () => {
  let said: Readonly<Record<string, string>>;
  beforeAll(async () => {
    said = byName(runKernelProgram(await buildKernelProgram('queues'), 20));
  });

  test('time-outs are exact, and the front of the queue can be sent to', () => {
    expect(said['empty queue']).toBe('0 after 7');
    expect(said['full queue']).toBe('0 after 5, 3 waiting');
    expect(said['order']).toBe('9 1 2');
  });

  test('three producers of three priorities lose nothing and keep their order', () => {
    expect(said['producers']).toBe('200 200 200, 0 out of order, 3 ended');
  });

  test('the holder of a mutex inherits the waiter’s priority until it gives, and no hog comes between', () => {
    // l: low holds it, at 6; h: high has it; m, M: the hog; 2: low is low again.
    expect(said['inheritance']).toBe('l6hmM2');
    expect(said['disinheritance']).toBe('7g171');
  });

  test('a mutex is not taken twice nor given by somebody else; a recursive one is taken twice', () => {
    expect(said['mutex']).toBe('taken 1, again 0, given 1, given again 0');
    expect(said['recursive mutex']).toBe('n1y2');
    expect(said['not the holder']).toBe('0');
  });

  test('event groups wake for any bit or for all, clear when asked, and time out', () => {
    expect(said['event group']).toBe('-d-ii');
    expect(said['left']).toBe('8');
  });

  test('timers fire once, often, not when stopped, and later when reset', () => {
    expect(said['timer']).toBe('1 time after 5');
    expect(said['periodic timer']).toBe('10 times in 42, 0 when stopped');
    expect(said['reset timer']).toBe('0 times');
  });

  test('a send from an interrupt lets the receiver run at once; raised twice while masked it comes once', () => {
    expect(said['soft interrupt']).toBe('iwrm');
    expect(said['soft interrupt, masked']).toBe('ci-');
  });
});

suite('under fire', () => {
  test('tasks, byte traps, a timer interrupt and an NMI break into each other 48,000 times and spoil nothing', async () => {
    const said = byName(runKernelProgram(await buildKernelProgram('stress'), 5));
    expect(said['wrong']).toBe('0, lost: 0');
    const [, timer, nmi, woken] = /timer: (\d+), nmi: (\d+), woken: (\d+)/.exec(said['rounds']!)!.map(Number);
    expect(said['rounds']).toMatch(/^1,/);
    expect(timer).toBeGreaterThan(29_000);
    expect(nmi).toBeGreaterThan(18_000);
    expect(woken).toBe(nmi);
  });
});
