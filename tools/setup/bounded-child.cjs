'use strict';
const { spawn } = require('node:child_process');
const { closeSync, mkdirSync, openSync, readSync, fstatSync, writeSync } = require('node:fs');
const { dirname } = require('node:path');

/** How often a silent child gets a line that says it is still at work. */
const PULSE_MS = 15_000;
/** Between the polite and the final signal. */
const GRACE_MS = 10_000;
const TAIL_BYTES = 6_000;
const TAIL_LINES = 25;

/**
 * @typedef {object} ChildPlan
 * @property {string} label what it does, for the progress lines
 * @property {string} command
 * @property {readonly string[]} args
 * @property {number} limitMs the child is ended after this long
 * @property {string} [cwd]
 * @property {Record<string, string | undefined>} [env] added to the environment; undefined removes
 * @property {string} [logFile] output goes there (overwritten); without it the child writes to this terminal
 * @property {boolean} [quiet] no pulse lines
 *
 * @typedef {object} ChildEnd
 * @property {boolean} ok exit status 0
 * @property {number | undefined} status
 * @property {boolean} timedOut
 * @property {number} spentMs
 * @property {string} why one phrase for a person: how it ended
 * @property {string} tail the last lines of the log file, or nothing
 */

/** @param {number} ms */
function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}

/**
 * The last lines of a file, however large it is.
 * @param {string} path
 */
function tailOf(path) {
  const fd = openSync(path, 'r');
  try {
    const sizeBytes = fstatSync(fd).size;
    const buffer = Buffer.alloc(Math.min(sizeBytes, TAIL_BYTES));
    readSync(fd, buffer, 0, buffer.length, sizeBytes - buffer.length);
    return buffer.toString('utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
  } finally {
    closeSync(fd);
  }
}

/**
 * Runs one child to its end or to its limit, whichever comes first. The child leads a process group of its own, so
 * that its own children end with it. Never rejects: how it went is in the answer.
 * @param {ChildPlan} plan
 * @returns {Promise<ChildEnd>}
 */
function runBounded(plan) {
  const startedMs = Date.now();
  const log = plan.logFile;
  if (log) mkdirSync(dirname(log), { recursive: true });
  const fd = log ? openSync(log, 'w') : undefined;
  if (fd !== undefined) writeSync(fd, `$ ${plan.command} ${plan.args.join(' ')}\n`);

  return new Promise((resolve) => {
    let timedOut = false;
    let ended = false;
    /** @type {NodeJS.Timeout | undefined} */
    let finalTimer;
    const child = spawn(plan.command, [...plan.args], {
      cwd: plan.cwd,
      env: { ...process.env, ...plan.env },
      stdio: ['ignore', fd ?? 'inherit', fd ?? 'inherit'],
      detached: true,
    });

    /** @param {NodeJS.Signals} signal */
    const signalGroup = (signal) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal);
      } catch {
        // The group is gone already: that is what the signal was for.
      }
    };
    const end = () => {
      signalGroup('SIGTERM');
      finalTimer ??= setTimeout(() => {
        signalGroup('SIGKILL');
        // A child of another user (sudo) may not hear us at all: stop waiting for it.
        finalTimer = setTimeout(() => {
          child.unref();
          finish(undefined, 'would not end');
        }, GRACE_MS);
      }, GRACE_MS);
    };
    // A child in its own group hears no Ctrl-C from the terminal: pass it on.
    const onSignal = () => {
      end();
      process.exitCode = 130;
    };
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
    const limit = setTimeout(() => {
      timedOut = true;
      end();
    }, plan.limitMs);
    const pulse = setInterval(() => {
      if (!plan.quiet) process.stdout.write(`  … ${plan.label}: ${seconds(Date.now() - startedMs)}\n`);
    }, PULSE_MS);

    /**
     * @param {number | undefined} status
     * @param {string} why
     */
    const finish = (status, why) => {
      if (ended) return;
      ended = true;
      clearTimeout(limit);
      clearInterval(pulse);
      clearTimeout(finalTimer);
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
      // Whatever the child started and left behind ends here too.
      signalGroup('SIGKILL');
      if (fd !== undefined) closeSync(fd);
      const spentMs = Date.now() - startedMs;
      resolve({
        ok: status === 0 && !timedOut,
        status,
        timedOut,
        spentMs,
        why: timedOut ? `ended after its limit of ${seconds(plan.limitMs)}` : why,
        tail: log ? tailOf(log) : '',
      });
    };
    child.once('error', (error) => finish(undefined, error.message));
    child.once('exit', (status, signal) =>
      finish(status ?? undefined, signal ? `ended by ${signal}` : `exit status ${String(status)}`),
    );
  });
}

module.exports = { runBounded, seconds };
