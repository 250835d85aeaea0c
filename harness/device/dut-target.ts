import type { Clock } from '../core/clock';
import { UsageError } from '../core/errors';
import type { Notify } from './notify';

/** Where requests go, and who is told of them. */
export interface DutTarget {
  /** Without a path and without a slash at its end. */
  readonly baseUrl: string;
  readonly host: string;
  readonly port: number;
  readonly token: string | undefined;
  readonly clock: Clock;
  readonly notify: Notify;
  /** Connections are numbered, so that their bytes can be told apart on the timeline. */
  readonly nextConnection: () => number;
}

/**
 * An address as a person or a rig file gives it; `http://` may be left out.
 * @throws UsageError ESPRIG_USAGE
 */
export function parseBaseUrl(text: string): Pick<DutTarget, 'baseUrl' | 'host' | 'port'> {
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  const isPlain = url?.pathname === '/' && url.search === '' && url.hash === '' && url.username === '';
  if (url?.protocol !== 'http:' || !isPlain || url.hostname === '') {
    throw new UsageError('ESPRIG_USAGE', `'${text}' is no address of a device`, {
      hint: 'Such as http://192.168.4.1 or http://127.0.0.1:8080: no path, no https.',
    });
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { baseUrl: url.origin, host, port: url.port === '' ? 80 : Number(url.port) };
}

/** What a request says about its headers. */
interface AskedHeaders {
  /** Another one than the client's, or none. */
  readonly token?: string | false | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** The headers that a request asks for, and the one that carries the token unless it brings its own. */
export function withToken(
  target: DutTarget,
  { token, headers = {} }: AskedHeaders,
): Readonly<Record<string, string>> {
  const carried = token ?? target.token;
  const hasOwn = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
  if (carried === undefined || carried === false || hasOwn) return headers;
  return { authorization: `Bearer ${carried}`, ...headers };
}

/** Headers as they may be shown. */
export function maskedHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      name.toLowerCase() === 'authorization' ? '(masked)' : value,
    ]),
  );
}
