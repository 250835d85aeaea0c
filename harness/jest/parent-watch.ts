/**
 * Ends this process when its parent is gone, also while a case keeps the main thread in an endless loop: no event tells it
 * then that the channel has closed. A thread of its own asks who the parent is; the system gives orphans another one.
 */
import { Worker } from 'node:worker_threads';

const ASK_EVERY_MS = 1_000;

const SCRIPT = `
const { workerData: { parent, everyMs } } = require('node:worker_threads');
setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL'); }, everyMs);
`;

/** Watches until the process ends or the answer is called; keeps nothing running. */
export function dieWithParent(everyMs = ASK_EVERY_MS): () => void {
  const watcher = new Worker(SCRIPT, {
    eval: true,
    name: 'esprig-parent-watch',
    workerData: { parent: process.ppid, everyMs },
  });
  watcher.unref();
  // It is an extra: where no thread can be had, the channel still tells of most ends.
  watcher.on('error', () => undefined);
  return () => void watcher.terminate();
}
