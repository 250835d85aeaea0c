import { describe, expect, test } from '@jest/globals';
import { concatBytes } from '../core/bytes';
import { encodeSseComment, encodeSseEvent, encodeSseRetry, SseDecoder, type SseItem } from './sse';
import { runSeed, slices } from './testkit/slices';

const utf8 = (text: string) => new TextEncoder().encode(text);
const decode = (text: string) => new SseDecoder().feed(utf8(text));
const event = (data: string, name = 'message', lastEventId = ''): SseItem => ({
  kind: 'event',
  name,
  data,
  lastEventId,
});

describe('an event stream', () => {
  test.each([
    ['data alone', 'data: hello\n\n', [event('hello')]],
    ['a name and an id', 'id: 7\nevent: log\ndata: x\n\n', [event('x', 'log', '7')]],
    ['several data lines', 'data: a\ndata: b\ndata\n\n', [event('a\nb\n')]],
    ['one space taken off, not two', 'data:  x\ndata:y\n\n', [event(' x\ny')]],
    ['CR, LF and CR LF', 'data: a\r\rdata: b\n\ndata: c\r\n\r\n', [event('a'), event('b'), event('c')]],
    ['no event without data', 'event: log\n\ndata: x\n\n', [event('x')]],
    ['empty data is an event', 'data:\n\n', [event('')]],
    [
      'the id stays',
      'id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n',
      [event('a', 'message', '1'), event('b', 'message', '1'), event('c')],
    ],
    ['an id with a NUL is ignored', 'id: a\0b\ndata: x\n\n', [event('x')]],
    [
      'comments',
      ': keep-alive\n\n:x\n',
      [
        { kind: 'comment', text: 'keep-alive' },
        { kind: 'comment', text: 'x' },
      ],
    ],
    ['retry, digits only', 'retry: 2000\nretry: 2s\nretry: -1\n', [{ kind: 'retry', retryMs: 2000 }]],
    ['a byte order mark at the start', '\ufeffdata: x\n\n', [event('x')]],
    ['a byte order mark later is part of the name', 'data: a\n\n\ufeffdata: x\n\n', [event('a')]],
    ["two of the mark's three bytes are no mark", '\ufec0data: x\n\n', []],
    ['nor are its first and last', '\uff7fdata: x\n\n', []],
    ['nor its last two', '\u0effdata: x\n\n', []],
    ['unknown fields', 'colour: red\nages: 12\ndata: x\n\n', [event('x')]],
    [
      'blanks and colons within a value',
      'data:a b: c\n:a b\n\n',
      [{ kind: 'comment', text: 'a b' }, event('a b: c')],
    ],
    ['an LF behind CR LF is a line end of its own', 'data: a\r\n\ndata: b\n\n', [event('a'), event('b')]],
    ['an LF first of all', '\ndata: a\n\n', [event('a')]],
    ['nothing for a part that has not ended', 'data: x\n', []],
    ['text beyond ASCII', 'data: äöü €\n\n', [event('äöü €')]],
  ] as const)('%s', (_what, text, items) => {
    expect(decode(text)).toEqual(items);
  });

  test('is the same in any slices, through characters of several bytes too', () => {
    const stream = utf8(
      'retry: 2000\r\n\r\nid: 1\r\nevent: log\r\ndata: grün €\r\n\r\n: hi\ndata: 𝄞\rdata: b\r\rdata: c\n\n',
    );
    const whole = new SseDecoder().feed(stream);
    expect(whole).toHaveLength(5);
    const firstSeed = runSeed();
    for (let seed = firstSeed; seed < firstSeed + 50; seed += 1) {
      const decoder = new SseDecoder();
      const items = slices(stream, seed).flatMap((slice) => decoder.feed(slice));
      expect({ seed, items }).toEqual({ seed, items: whole });
    }
  });

  test('throws a line and an event over their limits away and goes on', () => {
    const decoder = new SseDecoder({ maxLineBytes: 10, maxEventChars: 12 });
    expect(decoder.feed(utf8(`data: ${'x'.repeat(20)}\ndata: ok\n\n`))).toEqual([
      { kind: 'error', reason: 'line-too-long' },
      event('ok'),
    ]);
    expect(decoder.feed(utf8('data: 123\ndata: 456\ndata: 789\ndata: 0\n\ndata: ok\n\n'))).toEqual([
      { kind: 'error', reason: 'event-too-long' },
      event('ok'),
    ]);
  });

  test('lets a line and an event through that reach their limits', () => {
    const decoder = new SseDecoder({ maxLineBytes: 10, maxEventChars: 5 });
    expect(decoder.feed(utf8('data: 1234\n\n'))).toEqual([event('1234')]);
    expect(decoder.feed(utf8('data: 1\ndata: 2\n\n'))).toEqual([event('1\n2')]);
  });

  test('has no id before the first one', () => {
    expect(new SseDecoder().lastEventId).toBe('');
  });

  test('remembers the id for the next connection', () => {
    const decoder = new SseDecoder();
    decoder.feed(utf8('id: 42\ndata: x\n\n'));
    expect(decoder.lastEventId).toBe('42');
  });
});

describe('writing', () => {
  test('what is written is read back', () => {
    const stream = concatBytes([
      encodeSseRetry(2000),
      encodeSseEvent({ name: 'log', id: '9', data: 'two\nlines\r\nor three' }),
      encodeSseComment('keep-alive'),
      encodeSseEvent({ data: '' }),
    ]);
    expect(new SseDecoder().feed(stream)).toEqual([
      { kind: 'retry', retryMs: 2000 },
      event('two\nlines\nor three', 'log', '9'),
      { kind: 'comment', text: 'keep-alive' },
      event('', 'message', '9'),
    ]);
  });

  test('no line end gets into a name, an id or a comment', () => {
    const stream = concatBytes([
      encodeSseEvent({ name: 'a\ndata: evil', id: '1\r\nevent: evil', data: 'x' }),
      encodeSseComment('c\ndata: evil'),
    ]);
    const items = new SseDecoder().feed(stream);
    expect(items).toHaveLength(2);
    expect(items[0]).toMatchObject({ kind: 'event', data: 'x', name: 'a data: evil' });
  });
});
