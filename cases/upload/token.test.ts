import { describe, expect, rig, test, uploads, type Board } from '../../harness';

const TOKEN = 'open-sesame';
/** Close to the right one, and not it. */
const WRONG: readonly (readonly [what: string, header: string | undefined])[] = [
  ['none', undefined],
  ['empty', 'Bearer '],
  ['of another case', `Bearer ${TOKEN.toUpperCase()}`],
  ['too short', `Bearer ${TOKEN.slice(0, -1)}`],
  ['too long', `Bearer ${TOKEN}x`],
  ['several times over', `Bearer ${TOKEN}${TOKEN}`],
  ['under another name', `Basic ${TOKEN}`],
];

async function withToken(board: Board): Promise<void> {
  await board.rig.writeSettings({ token: TOKEN }, board.within('settings'));
  await board.waitForReady();
}

describe('a board with a token', () => {
  test.each(WRONG)('lets nobody in whose token is wrong: %s', async (_what, header) => {
    await using board = await rig();
    await withToken(board);
    const headers: Record<string, string> = header === undefined ? {} : { Authorization: header };
    expect(await board.dut.get('/status', { headers, token: false })).toHaveRefused('unauthorized');
    const request = board.dut.uploadRequest(board.image(), { token: undefined, headers });
    expect(await board.dut.send(uploads.atOnce(request))).toHaveRefused('unauthorized');
    await expect(board).toBootFrom(board.shippedSlot.label);
  });

  test('lets in who knows it', async () => {
    await using board = await rig();
    await withToken(board);
    const headers = { Authorization: `Bearer ${TOKEN}` };
    expect(await board.dut.get('/status', { headers })).toHaveAnswered(200);
    const request = board.dut.uploadRequest(board.image(), { token: TOKEN });
    expect(await board.dut.send(uploads.atOnce(request))).toHaveAnswered(200);
  });
});
