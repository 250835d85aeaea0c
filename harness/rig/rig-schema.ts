/**
 * The shape of a rig file (design.md section 6). Errors, the editors' schema (rigs/rig.schema.json) and the docs come from
 * here: `description` says what a key is, the first of `examples` is what to write.
 */
import { z } from 'zod';
import { PROFILES, type ProfileName } from '../device/dut-profile';
import { BOARD_RECIPES, type BoardRecipeName } from '../device/reset-recipes';
import { LAYOUT_NAMES } from '../protocol/layouts';
import { CAPABILITY_NAMES, type Capability } from './running-rig';

export const FLASH_SIZES = {
  '512KB': 0x80000,
  '1MB': 0x100000,
  '2MB': 0x200000,
  '4MB': 0x400000,
  '8MB': 0x800000,
  '16MB': 0x1000000,
} as const;

export type FlashSizeName = keyof typeof FLASH_SIZES;

/** An enumeration of names that are only known as a list. */
function oneOf<Name extends string>(names: readonly string[]): z.ZodEnum<Record<Name, Name>> {
  return z.enum(names as [Name, ...Name[]]);
}

const MIN_BAUD = 9600;
const MAX_BAUD = 4_000_000;
const baud = (): z.ZodInt => z.int().min(MIN_BAUD).max(MAX_BAUD);
const port = (): z.ZodInt => z.int().min(1).max(65_535);
const words = (pattern: RegExp, wanted: string): z.ZodString => z.string().regex(pattern, { error: wanted });
const envName = (): z.ZodString =>
  words(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable is wanted, not the secret itself');
const path = (): z.ZodString => words(/^\/[^\s#]*$/, 'a path that begins with / is wanted');
const command = (): z.ZodString => z.string().min(1);

const board = z
  .strictObject({
    mac: words(
      /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i,
      'six pairs of hex digits with colons between them are wanted',
    )
      .optional()
      .meta({
        description: "The chip's MAC, by which the board is known; read before anything is written.",
        examples: ['5c:cf:7f:01:23:45'],
      }),
    flash: oneOf<FlashSizeName>(Object.keys(FLASH_SIZES)).meta({
      description: 'Size of the flash chip.',
      examples: ['4MB'],
    }),
    layout: oneOf<string>(LAYOUT_NAMES).meta({
      description: 'The partition table that the firmware is built for.',
      examples: ['two-ota-4mb'],
    }),
  })
  .meta({ description: 'The board itself.', examples: [{ flash: '4MB', layout: 'two-ota-4mb' }] });

const serial = z
  .strictObject({
    port: words(
      /^(\/|COM\d+$|rfc2217:\/\/[^\s/:]+:\d+$)/,
      'a device path or rfc2217://host:port is wanted',
    ).meta({
      description: 'Device path, best the lasting one in /dev/serial/by-id, or rfc2217://host:port.',
      examples: ['/dev/serial/by-id/usb-1a86_USB2.0-Serial-if00-port0'],
    }),
    baud: baud()
      .default(115_200)
      .meta({ description: "Rate of the app's console.", examples: [115_200] }),
    flashBaud: baud()
      .default(460_800)
      .meta({
        description: 'Rate for flashing; stepped down when the line makes errors.',
        examples: [460_800],
      }),
  })
  .meta({ description: 'How the board is wired to this machine.', examples: [{ port: '/dev/ttyUSB0' }] });

const step = z.union([
  z.strictObject({ dtr: z.boolean(), rts: z.boolean() }),
  z.strictObject({ waitMs: z.int().min(1).max(5_000) }),
]);
const steps = z.array(step).min(1).max(50);

const reset = z.union([
  oneOf<BoardRecipeName>(Object.keys(BOARD_RECIPES)),
  z.strictObject({
    loader: steps.meta({
      description: 'Line steps into the serial loader; true asserts a line, which pulls its pin low.',
      examples: [[{ dtr: false, rts: true }, { waitMs: 100 }]],
    }),
    app: steps.meta({
      description: 'Line steps into the app.',
      examples: [[{ dtr: false, rts: true }, { waitMs: 100 }, { dtr: false, rts: false }]],
    }),
  }),
]);

const power = z.union([
  z.enum(['none']),
  z.strictObject({
    uhubctl: z
      .strictObject({
        hub: words(/^\d+(-\d+(\.\d+)*)?$/, "a hub as uhubctl names it is wanted, such as '1-1'").meta({
          description: 'Location of the USB hub, as `uhubctl` lists it; in quotes.',
          examples: ['1-1'],
        }),
        port: z
          .int()
          .min(1)
          .max(32)
          .meta({ description: 'Port of that hub.', examples: [2] }),
      })
      .optional()
      .meta({ description: 'A USB hub that switches its ports.', examples: [{ hub: '1-1', port: 2 }] }),
    commands: z
      .strictObject({
        on: command().meta({ description: 'Shell line that switches on.', examples: ['relay 3 on'] }),
        off: command().meta({ description: 'Shell line that switches off.', examples: ['relay 3 off'] }),
        cycle: command()
          .optional()
          .meta({
            description: 'Shell line that does both; absent: off, a pause, on.',
            examples: ['relay 3 cycle'],
          }),
        state: command()
          .optional()
          .meta({
            description: 'Shell line that prints `on` or `off`: asked after each switch.',
            examples: ['relay 3 state'],
          }),
      })
      .optional()
      .meta({
        description: 'Programs of your own that switch.',
        examples: [{ on: 'relay 3 on', off: 'relay 3 off' }],
      }),
    offMs: z
      .int()
      .min(10)
      .max(60_000)
      .default(1_000)
      .meta({ description: 'How long it stays off when cycled.', examples: [1_000] }),
  }),
]);

const network = z
  .strictObject({
    address: z
      .string()
      .regex(/^(from-log|[A-Za-z0-9.-]+(:\d+)?)$/, {
        error: 'from-log, or an address without http:// and path, is wanted',
      })
      .meta({
        description: 'Where the device answers: `from-log`, or a fixed address, with :port if it is not 80.',
        examples: ['from-log'],
      }),
    pattern: z
      .string()
      .optional()
      .meta({
        description: 'For from-log: regular expression whose first group is the address.',
        examples: ['got ip: ?([0-9.]+)'],
      }),
    port: port()
      .optional()
      .meta({ description: 'For from-log: the port.', examples: [80] }),
    join: command()
      .optional()
      .meta({
        description: "Shell line that brings this machine into the board's own network, once it has started.",
        examples: ['nmcli device wifi connect esprig_012345 ifname wlan1'],
      }),
  })
  .meta({ description: 'How the board is reached.', examples: [{ address: 'from-log' }] });

const wifi = z
  .strictObject({
    ssid: z
      .string()
      .min(1)
      .max(32)
      .meta({ description: 'Network that the firmware joins; written into NVS.', examples: ['lab'] }),
    passphraseEnv: envName()
      .optional()
      .meta({
        description: 'Environment variable that holds the passphrase; absent: an open network.',
        examples: ['LAB_PSK'],
      }),
  })
  .meta({
    description: "The network to join; absent: the firmware's own access point.",
    examples: [{ ssid: 'lab' }],
  });

const slotFiles = z
  .strictObject({
    image: z
      .string()
      .min(1)
      .meta({ description: 'The app image.', examples: ['build/app.ota_1.bin'] }),
    elf: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'Its ELF file.', examples: ['build/app.elf'] }),
  })
  .meta({ examples: [{ image: 'build/app.ota_1.bin' }] });

const firmware = z.union([
  z.string().min(1),
  z.strictObject({
    flash: z
      .array(
        z.strictObject({
          offset: z
            .int()
            .nonnegative()
            .meta({ description: 'Where in the flash it goes.', examples: [0x10000] }),
          file: z
            .string()
            .min(1)
            .meta({ description: 'What goes there.', examples: ['build/app.bin'] }),
        }),
      )
      .min(1)
      .meta({
        description: 'What a board is shipped with.',
        examples: [[{ offset: 0, file: 'bootloader.bin' }]],
      }),
    slots: z.record(z.string(), slotFiles).meta({
      description: 'The good image for each slot, by its label.',
      examples: [{ ota_1: { image: 'build/app.ota_1.bin' } }],
    }),
    app: z
      .string()
      .optional()
      .meta({ description: 'Its name, if the image has none.', examples: ['sse-ota'] }),
    version: z
      .string()
      .optional()
      .meta({ description: 'Its version, if the image has none.', examples: ['1.0'] }),
  }),
]);

const dut = z
  .strictObject({
    profile: oneOf<ProfileName>(Object.keys(PROFILES))
      .default('contract')
      .meta({ description: 'Whose names and habits the firmware has.', examples: ['contract'] }),
    events: path()
      .optional()
      .meta({ description: 'Path of the event stream.', examples: ['/event'] }),
    upload: path()
      .optional()
      .meta({ description: 'Path that takes an image.', examples: ['/send'] }),
    status: z
      .union([z.literal(false), path()])
      .optional()
      .meta({ description: 'Path of the status, or false.', examples: ['/status'] }),
    page: z
      .union([z.literal(false), path()])
      .optional()
      .meta({ description: 'Path of the page, or false.', examples: ['/'] }),
    progressEvent: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'Name of the events that tell progress.', examples: ['progress'] }),
    logEvent: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'Name of the events that carry console lines.', examples: ['log'] }),
    console: z
      .boolean()
      .optional()
      .meta({
        description:
          'Whether it takes the commands of docs/dut-contract.md on its serial line; absent: only the firmware that is built for emulated boards does.',
        examples: [true],
      }),
    tokenEnv: envName()
      .optional()
      .meta({
        description: 'Environment variable that holds the bearer token; written into NVS.',
        examples: ['DUT_TOKEN'],
      }),
    port: port()
      .default(80)
      .meta({ description: 'TCP port of its server.', examples: [80] }),
  })
  .meta({ description: 'The firmware under test.', examples: [{ profile: 'contract' }] });

const virtual = z
  .strictObject({
    flashBaud: baud()
      .default(2_000_000)
      .meta({ description: 'Rate for flashing the emulated board.', examples: [2_000_000] }),
    baud: baud()
      .default(115_200)
      .meta({ description: "Rate of the app's console.", examples: [115_200] }),
    seed: z
      .int()
      .nonnegative()
      .default(1)
      .meta({ description: 'Of everything that is drawn by lot.', examples: [1] }),
    pcap: z
      .boolean()
      .default(true)
      .meta({ description: 'Capture the air.', examples: [true] }),
    flashTiming: z
      .enum(['fast', 'silicon'])
      .default('fast')
      .meta({ description: 'How long flash operations take.', examples: ['fast'] }),
    lenient: z
      .boolean()
      .default(false)
      .meta({
        description: 'Accesses to nothing are counted instead of stopping the board.',
        examples: [false],
      }),
  })
  .meta({ description: 'How the board is emulated.', examples: [{ flashBaud: 2_000_000 }] });

export const rigSchema = z
  .strictObject({
    name: words(/^[a-z0-9][a-z0-9_.-]*$/, 'lower-case letters, digits, - and . are wanted').meta({
      description: 'The name of the file without .yaml.',
      examples: ['bench-1'],
    }),
    kind: z.enum(['serial', 'virtual']).meta({
      description: 'A board on a serial line, or an emulated one.',
      examples: ['serial'],
    }),
    about: z
      .string()
      .optional()
      .meta({ description: 'For people.', examples: ['top shelf, left'] }),
    board,
    serial: serial.optional(),
    reset: reset.optional().meta({
      description: 'How its reset is wired: a recipe by name, or line steps.',
      examples: ['nodemcu'],
    }),
    power: power
      .optional()
      .meta({ description: 'What switches its power.', examples: [{ uhubctl: { hub: '1-1', port: 2 } }] }),
    network: network.optional(),
    wifi: wifi.optional(),
    can: z
      .array(oneOf<Capability>(CAPABILITY_NAMES))
      .optional()
      .meta({
        description: 'What cases may ask for; absent: all that the other keys make possible.',
        examples: [['power-cut']],
      }),
    firmware: firmware.optional().meta({
      description:
        'Folder with a firmware.json, or the files, from the folder that rigs/ stands in; absent: build/firmware/<layout> of esprig.',
      examples: ['build/firmware/one-mb'],
    }),
    dut: dut.optional(),
    virtual: virtual.optional(),
  })
  .meta({ title: 'esprig rig file', description: 'One board that cases can run on.' });

export type RigDescription = z.infer<typeof rigSchema>;

/** JSON Schema for editors, and for our own messages. */
export function rigJsonSchema(): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(rigSchema, { io: 'input', target: 'draft-7' });
}
