import type { Socket } from 'node:net';

/** How long the last bytes before a reset may take to get rid of. */
const FLUSH_MS = 2000;
const NOTHING = new Uint8Array(0);

/**
 * Resets a socket behind everything that was written to it. Node cannot reset one whose end is just on its way: libuv
 * answers EINVAL, and the socket would stay open for ever, unseen by both sides.
 */
export function resetSocket(socket: Socket): void {
  const isEnding = socket.writableEnded && !socket.writableFinished;
  if (socket.destroyed || (!isEnding && socket.writableLength === 0)) {
    if (!socket.destroyed) socket.resetAndDestroy();
    return;
  }
  const reset = (): void => {
    clearTimeout(timer);
    if (!socket.destroyed) socket.resetAndDestroy();
  };
  // A client that does not read must not keep its connection.
  const timer = setTimeout(reset, FLUSH_MS);
  socket.once('close', () => clearTimeout(timer));
  if (isEnding) socket.once('finish', reset);
  else socket.write(NOTHING, reset);
}

/**
 * Calls back when a socket's `end` was one. libuv tells a reset that comes directly behind data as an end, too; what
 * gives it away is that nothing can be written any more: then the socket closes with an error, and nothing is called.
 */
export function whenTrulyEnded(socket: Socket, ended: () => void): void {
  // Behind bytes that wait, or after an own end, the question would not be answered.
  if (!socket.writable || socket.writableLength > 0) {
    ended();
    return;
  }
  socket.write(NOTHING, (error) => {
    if (error === undefined || error === null) ended();
  });
}
