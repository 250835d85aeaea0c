import { toBootFrom, toHaveUnchangedFlash } from './flash';
import type { BootOptions, UnchangedOptions } from './flash';
import { toHaveAnswered, toHaveRefused } from './http';
import type { RefusalCode } from './http';
import { toHaveLogged } from './log';
import { toReportProgress } from './progress';
import type { ProgressWish } from './progress';
import { toMatchSerialLog } from './serial-log';
import type { SerialLogOptions } from './serial-log';

/** What `expect.extend` takes; the preset's setup file does it. */
export const MATCHERS = {
  toBootFrom,
  toHaveAnswered,
  toHaveLogged,
  toHaveRefused,
  toHaveUnchangedFlash,
  toMatchSerialLog,
  toReportProgress,
};

declare module 'expect' {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- the parameters must be those of Jest's own declaration
  interface Matchers<R extends void | Promise<void>, T = unknown> {
    /** The flash makes this slot boot. */
    toBootFrom(slot: string, options?: BootOptions): Promise<void>;
    /** The device answered with this status. */
    toHaveAnswered(status: number): R;
    /** The console or the event stream has such a line by now. */
    toHaveLogged(pattern: RegExp | string): R;
    /** The device refused with this code and its status. */
    toHaveRefused(code: RefusalCode): R;
    /** Nothing in flash has changed since the case began. */
    toHaveUnchangedFlash(options?: UnchangedOptions): Promise<void>;
    /** The log of the event stream is the console's: no line lost, reordered, doubled or cut. Waits for the console. */
    toMatchSerialLog(options?: SerialLogOptions): Promise<void>;
    /** The event stream told of an upload as wanted. */
    toReportProgress(wish?: ProgressWish): R;
  }
}
