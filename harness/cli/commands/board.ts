import type { Command } from 'commander';
import { airOptions, type AirFlags } from '../board/air-flags';
import { boardConfig, debugOptions, flashContents, pacing, type BoardFlags } from '../board/board-options';
import { rigBoard } from '../board/rig-board';
import { runBoard } from '../board/run-board';
import { collect, parseUntil, parseWholeNumber } from '../esprig';
import { outputFor, withOutputOptions } from '../output-options';

const NOTES = `
Time: the CPU runs as fast as it can; idle time passes with the wall clock while somebody watches (no --until)
or a serial or TCP client is connected, and is skipped otherwise, an hour of it at most (--fast: without end).
Exit codes: 0 done, 1 --until was not met, 2 usage, 3 the board stopped at something the emulator does not model.
Examples:
  npx esprig board --rig virtual-1mb --serial 2217          a board to flash, to monitor, to upload to
  npx esprig board --flash dump.bin --forward 8080:80       your own image, and curl http://127.0.0.1:8080/
  npx esprig board --image 0:boot.bin --until ready --timeout 10`;

/** Lists are not there until something is in them. */
type Flags = Omit<BoardFlags & AirFlags, 'image' | 'forward' | 'allow'> &
  Partial<Pick<BoardFlags & AirFlags, 'image' | 'forward' | 'allow'>>;

/** Adds `esprig board`. */
export function register(program: Command): void {
  const command = program
    .command('board')
    .description('an emulated ESP8266 board standing alone: console on stdout')
    .option(
      '--rig <name|path>',
      'the board of an emulated rig: chip, network, firmware and settings; other options change it',
    )
    .option('--firmware <folder>', 'with --rig: a firmware set in place of the rig’s own (firmware.json)')
    .option('--flash-size <size>', 'size of the flash chip: 512KB to 16MB (default: the rig’s, or 1MB)')
    .option('--flash <dump>', 'content of the flash from offset 0 on')
    .option('--image <offset:file>', 'an image in the flash; may be given several times', collect)
    .option(
      '--serial <port>',
      'serve the serial line over RFC 2217 on 127.0.0.1:<port>; 0 takes any',
      parseWholeNumber('--serial', 0, 65_535),
    )
    .option(
      '--until <text>',
      'end with 0 when the console shows this text, with 1 when --timeout or Ctrl-C comes before',
      parseUntil,
    )
    .option('--timeout <seconds>', 'end after so many seconds', parseWholeNumber('--timeout', 1, 86_400))
    .option('--download', 'start in the serial loader: GPIO0 is held low')
    .option('--mac <address>', 'station address in the efuse')
    .option(
      '--seed <n>',
      'of the random numbers and of all that is undefined (default: the rig’s, or 1)',
      parseWholeNumber('--seed', 0, 0xffffffff),
    )
    .option('--rom <file>', 'run this boot ROM (64 KB) instead of esprig’s own')
    .option('--trace [file]', 'write every instruction with the registers it changed (default: board.trace)')
    .option(
      '--trace-last <n>',
      'keep the last <n> steps only: shown when the board stops at a fault, and written to --trace',
      parseWholeNumber('--trace-last', 1, 1_000_000),
    )
    .option('--elf <file>', 'names for --trace, --profile and register dumps')
    .option('--profile', 'tell at the end where the cycles went')
    .option(
      '--gdb <port>',
      'wait for a debugger on 127.0.0.1:<port> before the first instruction; 0 takes any',
      parseWholeNumber('--gdb', 0, 65_535),
    )
    .option('--save-flash <file>', 'write the content of the flash when the board is switched off')
    .option('--fast', 'never wait for the wall clock')
    .option('--realtime', 'never run ahead of the wall clock')
    .option('--silicon', 'flash operations take the time that they take on a real chip')
    .option('--lenient', 'unmapped accesses read zero and are counted instead of stopping the board')
    .option(
      '--forward <here:device>',
      'forward 127.0.0.1:<here> to a TCP port of the device; may be given several times; 0 takes any port here ' +
        '(default: with --rig 0 to the port of its server)',
      collect,
    )
    .option(
      '--allow <device:here>',
      'connections of the device to this TCP port of any address end at 127.0.0.1:<here>; the others are refused',
      collect,
    )
    .option(
      '--peer <kind>',
      'what the device meets on the air: station (joins its access point) or ap (default: station)',
    )
    .option('--ssid <name>', 'network of the peer (default: the first one heard; for --peer ap `vap`)')
    .option('--passphrase <text>', 'WPA2 passphrase of that network (default: an open network)')
    .option('--pcap <file>', 'record the air (802.11 with radiotap)');
  withOutputOptions(command)
    .addHelpText('after', NOTES)
    .action(async (given: Flags) => {
      const flags = {
        ...given,
        image: given.image ?? [],
        forward: given.forward ?? [],
        allow: given.allow ?? [],
      };
      const out = outputFor(flags);
      const rig = await rigBoard(flags);
      const config = boardConfig(flags, rig?.config);
      await runBoard(
        {
          config,
          pacing: pacing(flags),
          contents: flashContents(flags, config.flashSizeBytes!, rig?.contents),
          debug: debugOptions(flags),
          air: airOptions(flags, rig?.air),
        },
        flags,
        out,
      );
    });
}
