/**
 * The COM-PORT option of RFC 2217: a serial port over telnet, encoders and decoders for both directions.
 * Client commands are 0 to 12, the server's answers and notices the same plus 100. Source: RFC 2217.
 */
import { u32BigEndianAt, fromLatin1, latin1 } from './bytes';
import { encodeSubnegotiation, TELNET_OPTION } from './telnet';

export const COM_PORT = {
  SIGNATURE: 0,
  SET_BAUDRATE: 1,
  SET_DATASIZE: 2,
  SET_PARITY: 3,
  SET_STOPSIZE: 4,
  SET_CONTROL: 5,
  NOTIFY_LINESTATE: 6,
  NOTIFY_MODEMSTATE: 7,
  FLOWCONTROL_SUSPEND: 8,
  FLOWCONTROL_RESUME: 9,
  SET_LINESTATE_MASK: 10,
  SET_MODEMSTATE_MASK: 11,
  PURGE_DATA: 12,
} as const;

/** The server's codes are the client's plus this. */
export const SERVER_OFFSET = 100;

/** Values of SET_CONTROL; the REQUEST ones ask for the present state. */
export const CONTROL = {
  REQUEST_FLOW: 0,
  FLOW_NONE: 1,
  FLOW_XONXOFF: 2,
  FLOW_HARDWARE: 3,
  REQUEST_BREAK: 4,
  BREAK_ON: 5,
  BREAK_OFF: 6,
  REQUEST_DTR: 7,
  DTR_ON: 8,
  DTR_OFF: 9,
  REQUEST_RTS: 10,
  RTS_ON: 11,
  RTS_OFF: 12,
  REQUEST_INBOUND_FLOW: 13,
  INBOUND_FLOW_NONE: 14,
  INBOUND_FLOW_XONXOFF: 15,
  INBOUND_FLOW_HARDWARE: 16,
  FLOW_DCD: 17,
  INBOUND_FLOW_DTR: 18,
  FLOW_DSR: 19,
} as const;

export type ControlName = keyof typeof CONTROL;

const CONTROL_NAMES: ReadonlyMap<number, ControlName> = new Map(
  Object.entries(CONTROL).map(([name, value]) => [value, name as ControlName]),
);

/** Values of PURGE_DATA. */
export const PURGE = { RECEIVE: 1, TRANSMIT: 2, BOTH: 3 } as const;
/** Values of SET_PARITY and SET_STOPSIZE; 0 asks for the present setting. */
export const PARITY = { NONE: 1, ODD: 2, EVEN: 3, MARK: 4, SPACE: 5 } as const;
export const STOPSIZE = { ONE: 1, TWO: 2, ONE_AND_A_HALF: 3 } as const;

/** Bits of NOTIFY_MODEMSTATE: states in the high half, changes since the last notice in the low half. */
export const MODEMSTATE = {
  CTS_CHANGED: 0x01,
  DSR_CHANGED: 0x02,
  RI_TRAILING_EDGE: 0x04,
  DCD_CHANGED: 0x08,
  CTS: 0x10,
  DSR: 0x20,
  RI: 0x40,
  DCD: 0x80,
} as const;

/** Bits of NOTIFY_LINESTATE. */
export const LINESTATE = {
  DATA_READY: 0x01,
  OVERRUN: 0x02,
  PARITY_ERROR: 0x04,
  FRAMING_ERROR: 0x08,
  BREAK_DETECTED: 0x10,
  TX_HOLDING_EMPTY: 0x20,
  TX_SHIFT_EMPTY: 0x40,
  TIMEOUT: 0x80,
} as const;

/** One command or answer. Sent by a client it asks or sets; sent by a server it tells what is in force. */
export type ComPortMessage =
  | { readonly name: 'signature'; readonly text: string }
  /** 0 asks for the rate in force. */
  | { readonly name: 'set-baudrate'; readonly baud: number }
  | { readonly name: 'set-datasize'; readonly bits: number }
  | { readonly name: 'set-parity'; readonly value: number }
  | { readonly name: 'set-stopsize'; readonly value: number }
  | { readonly name: 'set-control'; readonly value: number }
  | { readonly name: 'notify-linestate'; readonly bits: number }
  | { readonly name: 'notify-modemstate'; readonly bits: number }
  | { readonly name: 'flowcontrol-suspend' }
  | { readonly name: 'flowcontrol-resume' }
  | { readonly name: 'set-linestate-mask'; readonly bits: number }
  | { readonly name: 'set-modemstate-mask'; readonly bits: number }
  | { readonly name: 'purge-data'; readonly value: number };

export type ComPortSide = 'client' | 'server';

export type ComPortDecoded =
  | { readonly ok: true; readonly from: ComPortSide; readonly message: ComPortMessage }
  | { readonly ok: false; readonly code: number | undefined; readonly reason: 'unknown' | 'length' };

/** The name of a SET_CONTROL value, or its number. */
export function controlName(value: number): string {
  return CONTROL_NAMES.get(value) ?? `control ${value}`;
}

/** A whole subnegotiation, IAC SB 44 … IAC SE, ready for the socket. */
export function encodeComPort(from: ComPortSide, message: ComPortMessage): Uint8Array {
  const offset = from === 'server' ? SERVER_OFFSET : 0;
  const { code, value } = comPortBody(message);
  const payload = new Uint8Array(1 + value.length);
  payload[0] = code + offset;
  payload.set(value, 1);
  return encodeSubnegotiation(TELNET_OPTION.COM_PORT, payload);
}

function comPortBody(message: ComPortMessage): { code: number; value: Uint8Array } {
  switch (message.name) {
    case 'signature':
      return { code: COM_PORT.SIGNATURE, value: fromLatin1(message.text) };
    case 'set-baudrate':
      return {
        code: COM_PORT.SET_BAUDRATE,
        value: Uint8Array.of(
          message.baud >>> 24,
          (message.baud >>> 16) & 0xff,
          (message.baud >>> 8) & 0xff,
          message.baud & 0xff,
        ),
      };
    case 'set-datasize':
      return { code: COM_PORT.SET_DATASIZE, value: Uint8Array.of(message.bits) };
    case 'set-parity':
      return { code: COM_PORT.SET_PARITY, value: Uint8Array.of(message.value) };
    case 'set-stopsize':
      return { code: COM_PORT.SET_STOPSIZE, value: Uint8Array.of(message.value) };
    case 'set-control':
      return { code: COM_PORT.SET_CONTROL, value: Uint8Array.of(message.value) };
    case 'notify-linestate':
      return { code: COM_PORT.NOTIFY_LINESTATE, value: Uint8Array.of(message.bits) };
    case 'notify-modemstate':
      return { code: COM_PORT.NOTIFY_MODEMSTATE, value: Uint8Array.of(message.bits) };
    case 'flowcontrol-suspend':
      return { code: COM_PORT.FLOWCONTROL_SUSPEND, value: new Uint8Array(0) };
    case 'flowcontrol-resume':
      return { code: COM_PORT.FLOWCONTROL_RESUME, value: new Uint8Array(0) };
    case 'set-linestate-mask':
      return { code: COM_PORT.SET_LINESTATE_MASK, value: Uint8Array.of(message.bits) };
    case 'set-modemstate-mask':
      return { code: COM_PORT.SET_MODEMSTATE_MASK, value: Uint8Array.of(message.bits) };
    case 'purge-data':
      return { code: COM_PORT.PURGE_DATA, value: Uint8Array.of(message.value) };
  }
}

/** Decodes the payload of a subnegotiation of option 44 (the option code itself taken off). */
export function decodeComPort(payload: Uint8Array): ComPortDecoded {
  const raw = payload[0];
  if (raw === undefined) return { ok: false, code: undefined, reason: 'length' };
  const from: ComPortSide = raw >= SERVER_OFFSET ? 'server' : 'client';
  const code = from === 'server' ? raw - SERVER_OFFSET : raw;
  const value = payload.subarray(1);
  if (code > COM_PORT.PURGE_DATA) return { ok: false, code: raw, reason: 'unknown' };
  const wanted = valueBytes(code);
  if (wanted !== undefined && value.length !== wanted) return { ok: false, code: raw, reason: 'length' };
  return { ok: true, from, message: comPortMessage(code, value) };
}

/** How long a command's value is; undefined = any (the signature text). */
function valueBytes(code: number): number | undefined {
  switch (code) {
    case COM_PORT.SIGNATURE:
      return undefined;
    case COM_PORT.SET_BAUDRATE:
      return 4;
    case COM_PORT.FLOWCONTROL_SUSPEND:
    case COM_PORT.FLOWCONTROL_RESUME:
      return 0;
    default:
      return 1;
  }
}

function comPortMessage(code: number, value: Uint8Array): ComPortMessage {
  const first = value[0] ?? 0;
  switch (code) {
    case COM_PORT.SIGNATURE:
      return { name: 'signature', text: latin1(value) };
    case COM_PORT.SET_BAUDRATE:
      return { name: 'set-baudrate', baud: u32BigEndianAt(value, 0) };
    case COM_PORT.SET_DATASIZE:
      return { name: 'set-datasize', bits: first };
    case COM_PORT.SET_PARITY:
      return { name: 'set-parity', value: first };
    case COM_PORT.SET_STOPSIZE:
      return { name: 'set-stopsize', value: first };
    case COM_PORT.SET_CONTROL:
      return { name: 'set-control', value: first };
    case COM_PORT.NOTIFY_LINESTATE:
      return { name: 'notify-linestate', bits: first };
    case COM_PORT.NOTIFY_MODEMSTATE:
      return { name: 'notify-modemstate', bits: first };
    case COM_PORT.FLOWCONTROL_SUSPEND:
      return { name: 'flowcontrol-suspend' };
    case COM_PORT.FLOWCONTROL_RESUME:
      return { name: 'flowcontrol-resume' };
    case COM_PORT.SET_LINESTATE_MASK:
      return { name: 'set-linestate-mask', bits: first };
    case COM_PORT.SET_MODEMSTATE_MASK:
      return { name: 'set-modemstate-mask', bits: first };
    default:
      return { name: 'purge-data', value: first };
  }
}
