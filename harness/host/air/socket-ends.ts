import type { Socket } from 'node:net';

/** How long the last bytes before a reset may take to get rid of. */
export const FLUSH_MS = 2000;
const NOTHING = new Uint8Array(0);

/**
 * Resets a socket behind everything that was written to it. Node cannot reset one whose end is just on its way: libuv
 * answers EINVAL (uv_tcp_close_reset), Node takes the socket for closed, and its handle stays open for ever: the other side
 * sees no reset, and the thread cannot end, not even by `terminate`, which waits for every handle.
 */
export function resetSocket(socket: Socket): void {
  if (socket.destroyed) return;
  const isEnding = socket.writableEnded && !socket.writableFinished;
  if (!isEnding && socket.writableLength === 0) {
    socket.resetAndDestroy();
    return;
  }
  const reset = (): void => {
    clearTimeout(timer);
    if (!socket.destroyed) socket.resetAndDestroy();
  };
  // A client that does not read must not keep its connection. Without bytes that wait, the end itself is on its way.
  const timer = setTimeout(() => socket.writableLength > 0 && reset(), FLUSH_MS);
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
