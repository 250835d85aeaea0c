import { runInNewContext } from 'node:vm';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { buildSyntheticApp } from '../../harness/protocol/image-lab/encode';
import { labSlots } from '../../harness/protocol/image-lab/make';
import { compilerMissing, make } from './host-build';
import { HostServer } from './host-server';

/** The page's own script, run against the server, in as much of a browser as it uses. */
const missing = compilerMissing('gcc');
const LIMIT_MS = 260_000;

/** An element as far as the page goes: text, value, children, a click. */
class FakeElement {
  textContent = '';
  value: string | number = '';
  files: Uint8Array[] = [];
  readonly childNodes: string[] = [];
  scrollTop = 0;
  readonly clientHeight = 100;
  readonly scrollHeight = 100;
  onclick?: () => unknown;
  append(text: string): void {
    this.childNodes.push(text);
  }
}

async function open(server: HostServer) {
  const base = `http://127.0.0.1:${server.port}`;
  const html = await (await fetch(base)).text();
  const script = /<script>([^]*)<\/script>/.exec(html)![1]!;
  const elements = new Map<string, FakeElement>();
  for (const [, id] of html.matchAll(/id=(\w)/g)) elements.set(id!, new FakeElement());
  let isOpen = true;
  const context = {
    document: { getElementById: (id: string) => elements.get(id) },
    fetch: (path: string, init?: RequestInit) => fetch(base + path, init),
    TextDecoder,
    // A page that was closed does not go on: its loop waits for this.
    setTimeout: (call: () => void, ms: number) =>
      setTimeout(() => {
        if (isOpen) call();
      }, ms).unref(),
  };
  runInNewContext(script, context);
  const element = (id: string): FakeElement => elements.get(id)!;
  const until = async (holds: () => boolean, what: () => unknown): Promise<void> => {
    for (let i = 0; i < 300 && !holds(); i += 1) await sleep(20);
    expect([holds(), what()]).toEqual([true, what()]);
  };
  const close = (): void => {
    isOpen = false;
  };
  return { element, until, [Symbol.dispose]: close };
}

(missing === undefined ? describe : describe.skip)(
  `the page${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    it(
      'shows status, log and progress, and uploads, with a token',
      async () => {
        expect(await make('host', LIMIT_MS)).toMatchObject({ code: 0 });
        await using server = await HostServer.start(['--token', 's3cret', '--restart-ms', '300']);
        using page = await open(server);
        const { element, until } = page;
        await until(
          () => element('s').textContent !== '',
          () => element('s').textContent,
        );
        expect(element('s').textContent).toBe('a bearer token is needed');

        element('t').value = 's3cret';
        element('r').onclick?.();
        await until(
          () => element('s').textContent.startsWith('running ota_0, next ota_1'),
          () => element('s').textContent,
        );
        await sleep(200);
        server.order('print <b>as text</b>');
        await until(
          () => element('l').childNodes.includes('<b>as text</b>\n'),
          () => element('l').childNodes,
        );

        element('u').onclick?.();
        expect(element('m').textContent).toBe('choose an image first');
        const image = buildSyntheticApp({ slot: labSlots('one-mb', 'ota_1').slot });
        element('f').files = [image];
        element('u').onclick?.();
        await until(
          () => element('m').textContent === `${image.length} bytes in ota_1, restarting`,
          () => element('m').textContent,
        );
        await until(
          () => element('p').value === 100,
          () => element('p').value,
        );
        await server.waitFor(/^= restart ota_1$/);
        // It comes back by itself once the device has restarted.
        await until(
          () => element('s').textContent.startsWith('running ota_1, next ota_0'),
          () => element('s').textContent,
        );
      },
      LIMIT_MS + 30_000,
    );
  },
);
