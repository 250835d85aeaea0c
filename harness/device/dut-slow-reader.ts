import type { Deadline } from '../core/deadline';
import type { OpenEventsOptions, SlowReader } from './dut-event-types';
import { openRaw } from './dut-raw';
import { withToken, type DutTarget } from './dut-target';

/**
 * Asks for the event stream, reads the head of the answer and then nothing more. The systems in between buffer some
 * hundred kilobytes before the device notices: on a rig with `sleeping-client`, an event stream that sleeps is noticed at once.
 * @throws LinkError, ProtocolError ESPRIG_HTTP_BAD, DeadlineError
 */
export async function openSlowReader(
  target: DutTarget,
  path: string,
  options: OpenEventsOptions,
  deadline: Deadline,
): Promise<SlowReader> {
  const connection = await openRaw(target, deadline);
  try {
    const headers: Readonly<Record<string, string>> = {
      Host: target.host,
      Accept: 'text/event-stream',
      ...(options.lastEventId === undefined ? {} : { 'Last-Event-ID': String(options.lastEventId) }),
      ...withToken(target, options),
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    await connection.send(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, deadline);
    const { head } = await connection.readHead(deadline);
    connection.pause();
    target.notify('sse-slow-reader', { connection: connection.id, status: head!.status });
    return {
      id: connection.id,
      status: head!.status,
      drain: async (until) => {
        connection.resume();
        const ended = await connection.waitForEnd(until);
        return { receivedBytes: connection.receivedBytes, ended };
      },
      close: () => connection.close(),
      [Symbol.asyncDispose]: () => connection.close(),
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}
