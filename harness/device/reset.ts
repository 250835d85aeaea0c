import type { Deadline } from '../core/deadline';
import { RigError } from '../core/errors';
import type { SerialLink } from '../port/port';
import { latin1 } from '../protocol/bytes';
import { BOOT_STRAPS } from '../chip/esp8266';
import { parseLogLine } from '../protocol/boot-log';
import type { Notify } from './notify';
import type { ResetRecipe } from './reset-recipes';

/** Rate of the boot ROM's own words with the usual 26 MHz crystal (chip.md 4). */
export const ROM_BAUD = 74880;

/** What the boot ROM said of itself. */
export interface RomBanner {
  readonly resetCause: number;
  /** 1 = serial loader, 3 = flash. */
  readonly bootMode: number;
}

/** Longest wait for the banner once reset is released; the ROM prints it within a few milliseconds. */
const BANNER_LIMIT_MS = 1500;

/**
 * Moves the lines as the recipe says.
 * @throws LinkError ESPRIG_PORT_NO_LINES, RigError ESPRIG_RIG_CANNOT when the link cannot do the recipe
 */
export async function runRecipe(
  link: SerialLink,
  recipe: ResetRecipe,
  deadline: Deadline,
  notify: Notify,
): Promise<void> {
  if (recipe.needsLinesAtOnce && !link.setsLinesAtOnce) {
    throw new RigError(
      'ESPRIG_RIG_CANNOT',
      `reset recipe ${recipe.name}: needs both lines in one step, ${link.path} changes them one by one`,
      { hint: 'Use the recipe rfc2217-safe for a board behind a serial server.' },
    );
  }
  notify('reset', { recipe: recipe.name, target: recipe.target, path: link.path });
  for (const step of recipe.steps) {
    if ('waitMs' in step) {
      await deadline.sleep(step.waitMs, `reset recipe ${recipe.name}`);
    } else {
      await link.setLines(step.set);
      notify('line-change', { dtr: step.set.dtr, rts: step.set.rts, pins: step.pins });
    }
  }
}

/** Looks for the boot ROM's banner in a text; the newest one counts. */
export function findBanner(text: string): RomBanner | undefined {
  let banner: RomBanner | undefined;
  // The banner may follow other bytes in its line: a program's last words, or noise of another rate.
  for (const match of text.matchAll(
    /ets [A-Z][a-z]{2} [ \d]\d \d{4},rst cause:\d+, boot mode:\(\d+,\d+\)/g,
  )) {
    const event = parseLogLine(` ${match[0]}`);
    if (event.kind === 'rom-banner') banner = { resetCause: event.resetCause, bootMode: event.bootMode };
  }
  return banner;
}

/**
 * Resets with a recipe while listening at the boot ROM's rate, and tells what its banner says: undefined when none was
 * seen. The link's rate is put back.
 */
export async function resetAndListen(
  link: SerialLink,
  recipe: ResetRecipe,
  deadline: Deadline,
  notify: Notify,
): Promise<{ readonly banner: RomBanner | undefined; readonly seen: string }> {
  const baud = link.baud;
  let text = '';
  await link.setBaud(ROM_BAUD);
  const leave = link.onData((chunk) => {
    text = (text + latin1(chunk.bytes)).slice(-8192);
  });
  try {
    await runRecipe(link, recipe, deadline, notify);
    const endMs = deadline.clock.nowMs() + BANNER_LIMIT_MS;
    while (findBanner(text) === undefined && deadline.clock.nowMs() < endMs) {
      await deadline.sleep(10, 'the boot banner');
    }
  } finally {
    leave();
    await link.setBaud(baud);
  }
  return { banner: findBanner(text), seen: text };
}

/**
 * Resets the chip so that it boots from flash, and checks by its banner that it does.
 * @throws RigError ESPRIG_RIG_CANNOT when the board is not where the recipe should have put it
 */
export async function resetIntoApp(
  link: SerialLink,
  recipe: ResetRecipe,
  deadline: Deadline,
  notify: Notify,
): Promise<RomBanner> {
  const { banner, seen } = await resetAndListen(link, recipe, deadline, notify);
  if (banner === undefined) {
    throw new RigError(
      'ESPRIG_RIG_CANNOT',
      `reset into the app (${recipe.name}) on ${link.path}: no boot banner within ${BANNER_LIMIT_MS} ms; ${describeSeen(seen)}`,
      { hint: 'Is the board powered, its TX wired, and RTS connected to its reset pin?' },
    );
  }
  if (banner.bootMode !== BOOT_STRAPS.FLASH) {
    throw new RigError(
      'ESPRIG_RIG_CANNOT',
      `reset into the app (${recipe.name}) on ${link.path}: the chip came up in boot mode ${banner.bootMode}, not ${BOOT_STRAPS.FLASH}`,
      { hint: bootModeHint(banner.bootMode) },
    );
  }
  return banner;
}

/** What a person should look at when the straps were sampled wrong. */
export function bootModeHint(bootMode: number): string {
  if (bootMode === BOOT_STRAPS.UART_DOWNLOAD) {
    return 'GPIO0 is low at reset: release the FLASH button, look for a wire on GPIO0, check that DTR is released.';
  }
  if (bootMode >= 4) return 'GPIO15 is high at reset: it needs a resistor to ground.';
  return 'GPIO2 is low at reset: disconnect what pulls it down.';
}

/** What came instead, for a message. */
export function describeSeen(text: string): string {
  if (text === '') return 'nothing was received';
  const printable = text.replaceAll(/[^\x20-\x7e]+/g, '.').slice(-80);
  return `received ${text.length} bytes, the last: ${printable}`;
}
