import { createServer, type AddressInfo, type Socket } from 'node:net';
import { RigError } from '../core/errors';
import type { BoardThread } from './board-thread';

export interface GdbServer extends AsyncDisposable {
  readonly port: number;
  /** What to tell GDB. */
  readonly command: string;
  close(): Promise<void>;
}

/**
 * Lets a debugger reach a board on loopback. One at a time: a second one is cut off. When the debugger goes, however
 * it does, its breakpoints go with it and the board runs on.
 * @throws RigError ESPRIG_PORT_BUSY when the port is taken
 */
export async function startGdbServer(board: BoardThread, port = 0): Promise<GdbServer> {
  let current: Socket | undefined;
  const server = createServer((socket) => {
    if (current !== undefined) {
      socket.destroy();
      return;
    }
    current = socket;
    socket.setNoDelay(true);
    board.debugLine.open((bytes) => socket.write(bytes));
    socket.on('data', (bytes) => board.debugLine.receive(bytes));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      current = undefined;
      board.debugLine.close();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new RigError('ESPRIG_PORT_BUSY', `GDB server on 127.0.0.1:${port}: ${error.message}`, {
          cause: error,
          hint: 'Another program listens there; 0 takes any free port.',
        }),
      ),
    );
    server.listen({ host: '127.0.0.1', port }, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  const stopListening = board.listen({ debuggerLeft: () => current?.end() });

  const close = async (): Promise<void> => {
    if (!server.listening) return;
    stopListening();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    current?.destroy();
    await closed;
  };
  return {
    port: bound,
    command: `target remote 127.0.0.1:${bound}`,
    close,
    [Symbol.asyncDispose]: close,
  };
}
