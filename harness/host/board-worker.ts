import { parentPort, workerData } from 'node:worker_threads';
import { isEsprigError } from '../core/errors';
import type { BoardThreadData, FromBoard, ToBoard } from './board-messages';
import { BoardRunner } from './board-runner';

/* Entry of a board's thread; board-thread.ts bundles and starts it. */
if (!parentPort) throw new Error('board-worker is started as a worker thread only');
const port = parentPort;
const post = (message: FromBoard): void => port.postMessage(message);

async function serve(): Promise<void> {
  const runner = new BoardRunner(workerData as BoardThreadData, post);
  port.on('message', (message: ToBoard) => runner.receive(message));
  await runner.run();
}

serve().then(
  () => port.close(),
  (error: unknown) => {
    if (!isEsprigError(error)) throw error;
    const { code, message, blame, hint } = error;
    post({ kind: 'failed', code, message, blame, hint });
    port.close();
  },
);
