import { parentPort, workerData } from 'node:worker_threads';
import type { BoardThreadData, ToBoard } from './board-messages';
import { BoardRunner } from './board-runner';

/* Entry of a board's thread; board-thread.ts bundles and starts it. */
if (!parentPort) throw new Error('board-worker is started as a worker thread only');
const port = parentPort;
const runner = new BoardRunner(workerData as BoardThreadData, (message) => port.postMessage(message));
port.on('message', (message: ToBoard) => runner.receive(message));
runner.run().then(
  () => port.close(),
  (error: unknown) => {
    throw error;
  },
);
