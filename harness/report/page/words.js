/** How verdicts, times and blame are said. */

/** @type {Record<string, { word: string, sign: string, means: string }>} */
export const VERDICT_WORDS = {
  failed: { word: 'failed', sign: '✕', means: 'the firmware must act' },
  broken: { word: 'broken', sign: '!', means: 'the rig, the harness or the case must act' },
  passed: { word: 'passed', sign: '✓', means: 'nothing to do' },
  skipped: { word: 'skipped', sign: '–', means: 'not run, for the reason given' },
};

/** @type {Record<string, { who: string, task: string }>} */
export const BLAME_WORDS = {
  dut: { who: 'Firmware', task: 'did not keep its contract' },
  rig: { who: 'Rig', task: 'mend the bench, then run again' },
  case: { who: 'Case', task: 'mend the test' },
  harness: { who: 'Harness', task: 'a fault of esprig itself' },
};

/**
 * `0.3 ms`, `45 ms`, `1.25 s`, `3 min 05 s`.
 * @param {number} ms
 */
export function duration(ms) {
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${ms.toFixed(0)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(ms < 9995 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/**
 * A moment on an axis whose marks are `stepMs` apart, in seconds.
 * @param {number} ms
 * @param {number} stepMs
 */
export function moment(ms, stepMs = 1) {
  const digits = Math.max(0, Math.min(6, 3 - Math.floor(Math.log10(stepMs) + 1e-9)));
  return `${(ms / 1000).toFixed(digits)} s`;
}

/**
 * A measured value with its unit, in few digits.
 * @param {number} value
 * @param {string} unit
 */
export function amount(value, unit, hasUnit = true) {
  const digits = Number.isInteger(value) ? 0 : Math.max(0, 3 - Math.ceil(Math.log10(Math.abs(value) + 1e-9)));
  const [whole = '', rest] = Math.abs(value).toFixed(Math.min(digits, 3)).split('.');
  const spaced = whole.replace(/\B(?=(\d{3})+$)/g, '\u202f');
  const text = `${value < 0 ? '−' : ''}${spaced}${rest === undefined ? '' : `.${rest}`}`;
  return hasUnit ? `${text}\u00a0${unit}` : text;
}

/**
 * `22 Nov 20:15`, UTC as everything here.
 * @param {string} iso
 */
export function day(iso) {
  const [, month = '', date = '', time = ''] = /^\d{4}-(\d\d)-(\d\d)T(\d\d:\d\d)/.exec(iso) ?? [];
  const names = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  return `${Number(date)} ${names[Number(month) - 1] ?? ''} ${time}`.trim();
}

/** @param {number} bytes */
export function byteSize(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(2)} MiB`;
}

/**
 * Steps of 1, 2 or 5 times a power of ten, about `count` of them.
 * @param {number} span
 * @param {number} count
 */
export function niceStep(span, count) {
  const rough = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough || 1));
  const factor = [1, 2, 5, 10].find((one) => one * power >= rough) ?? 10;
  return factor * power;
}
