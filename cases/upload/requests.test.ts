import { describe, expect, rig, test, type RefusalCode } from '../../harness';

/** Requests of every kind that is not an upload; line ends are written out. TOKEN: the line that a board with a token wants. */
const REQUESTS: readonly (readonly [what: string, request: string, refusal: RefusalCode | 200])[] = [
  ['a page with a query', 'GET /?a=b HTTP/1.1\r\n\r\n', 200],
  ['the status in HTTP/1.0', 'GET /status HTTP/1.0\r\nTOKEN\r\n', 200],
  ['bare line feeds', 'GET /status HTTP/1.1\nHost: d\nTOKEN\n', 200],
  ['empty lines before the request', '\r\n\r\nGET /status HTTP/1.1\r\nTOKEN\r\n', 200],
  ['an unknown path', 'GET /nope HTTP/1.1\r\n\r\n', 'not_found'],
  ['a path in other case', 'GET /STATUS HTTP/1.1\r\n\r\n', 'not_found'],
  ['a path that goes on', 'GET /status/ HTTP/1.1\r\n\r\n', 'not_found'],
  ['HEAD', 'HEAD /status HTTP/1.1\r\n\r\n', 'method_not_allowed'],
  ['DELETE', 'DELETE /send HTTP/1.1\r\n\r\n', 'method_not_allowed'],
  ['GET of the upload', 'GET /send HTTP/1.1\r\n\r\n', 'method_not_allowed'],
  ['POST to the events', 'POST /event HTTP/1.1\r\nContent-Length: 0\r\n\r\n', 'method_not_allowed'],
  ['no version', 'GET /\r\n\r\n', 'bad_request'],
  ['HTTP/2.0', 'GET / HTTP/2.0\r\n\r\n', 'bad_request'],
  ['a header without a name', 'GET / HTTP/1.1\r\n: x\r\n\r\n', 'bad_request'],
  ['a folded header', 'GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n', 'bad_request'],
  ['a control character', 'GET / HTTP/1.1\r\nA: \u0001\r\n\r\n', 'bad_request'],
  ['a head of 64 KB', `GET / HTTP/1.1\r\nA: ${'x'.repeat(65_536)}\r\n\r\n`, 'header_too_large'],
  ['a thousand headers', `GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(1000)}\r\n`, 'header_too_large'],
];

describe('a request', () => {
  test.each(REQUESTS)('%s', async (_what, request, wanted) => {
    await using board = await rig();
    await using connection = await board.dut.connect();
    const lineEnd = request.includes('\r\n') ? '\r\n' : '\n';
    await connection.send(request.replace('TOKEN', board.dut.tokenLine(lineEnd)));
    const answer = await connection.readAnswer();
    if (wanted === 200) expect(answer).toHaveAnswered(200);
    else expect(answer).toHaveRefused(wanted);
    expect(answer.headers['connection']).toMatch(/close/i);
  });

  test('byte by byte is answered as one in a piece', async () => {
    await using board = await rig();
    await using connection = await board.dut.connect();
    const request = `GET /status HTTP/1.1\r\nHost: d\r\n${board.dut.tokenLine()}\r\n`;
    for (const byte of request) await connection.send(byte);
    expect(await connection.readAnswer()).toHaveAnswered(200);
  });

  test('that never ends is given up after five seconds', async () => {
    await using board = await rig();
    await using connection = await board.dut.connect();
    await connection.send('GET /status HTTP/1.1\r\nHost: ');
    expect(await connection.readAnswer({ withinMs: 12_000 })).toHaveRefused('stalled');
  });

  test('is answered while seven others say nothing', async () => {
    await using board = await rig();
    const idle = [];
    for (let i = 0; i < 3; i++) idle.push(await board.dut.connect());
    expect((await board.dut.status({ withinMs: 10_000 })).running).toBe(board.shippedSlot.label);
    for (const connection of idle) connection.abort();
  });

  test('a hundred in a row are answered', async () => {
    await using board = await rig();
    for (let i = 0; i < 100; i++) expect((await board.dut.status()).running).toBe(board.shippedSlot.label);
  });
});
