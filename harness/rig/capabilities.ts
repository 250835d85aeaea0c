/** What a rig can do beyond flashing and resetting; cases ask for these by name (`@needs power-cut`). */
export const CAPABILITIES = {
  'power-cut': 'power can be switched',
  'power-cut-at-operation': 'power can fail at a chosen flash operation',
  snapshot: 'the shipped state comes back in milliseconds',
  'read-flash-live': 'the flash can be read while the app runs',
  'impair-air': 'frames can be lost, delayed or doubled on the air',
} as const satisfies Readonly<Record<string, string>>;

export type Capability = keyof typeof CAPABILITIES;

export function isCapability(text: string): text is Capability {
  return Object.hasOwn(CAPABILITIES, text);
}

/** Every emulated board can do all of it. */
export const VIRTUAL_CAPABILITIES: ReadonlySet<Capability> = new Set(Object.keys(CAPABILITIES) as Capability[]);
