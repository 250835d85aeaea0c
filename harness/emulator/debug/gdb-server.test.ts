import { beforeEach, describe, expect, it } from '@jest/globals';
import { ProgramBoard } from '../testkit/run-program';
import { framePacket, GdbDeframer } from './gdb-packets';
import { GdbSession, type GdbControl } from './gdb-server';

const guest = new ProgramBoard();
const { cpu } = guest;

let acts: string[];
let replies: string[];
let session: GdbSession;

beforeEach(() => {
  guest.rewind();
  guest.load('begin: movi a2, 1\nmovi a3, 2\nend: j end');
  acts = [];
  replies = [];
  const deframer = new GdbDeframer(0x10000);
  const act = (name: string) => () => void acts.push(name);
  const control: GdbControl = {
    send: (bytes) => {
      for (const input of deframer.feed(bytes)) {
        replies.push(input.kind === 'packet' ? String.fromCharCode(...input.payload) : `<${input.kind}>`);
      }
      if (bytes.length === 1) return;
    },
    resume: act('resume'),
    step: act('step'),
    interrupt: act('interrupt'),
    reset: act('reset'),
    leave: (how) => acts.push(how),
  };
  session = new GdbSession(guest.board, control);
  ask('QStartNoAckMode');
  replies = [];
});

function ask(packet: string): string {
  session.receive(framePacket(packet));
  return replies.at(-1) ?? '';
}

/** Word `index` of a `g` reply. */
function wordOf(reply: string, index: number): number {
  return Buffer.from(reply, 'hex').readUInt32LE(index * 4);
}

function le(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes.toString('hex');
}

describe('acknowledgements', () => {
  it('are sent until they are switched off, and a packet that came broken is asked for again', () => {
    const sent: string[] = [];
    const fresh = new GdbSession(guest.board, {
      send: (bytes) => sent.push(String.fromCharCode(...bytes)),
      resume: () => undefined,
      step: () => undefined,
      interrupt: () => undefined,
      reset: () => undefined,
      leave: () => undefined,
    });
    fresh.receive(Buffer.from('$qC#00$qC#b4-+$QStartNoAckMode#b0$qC#b4'));
    expect(sent).toEqual(['-', '+', '$QC01#f5', '$QC01#f5', '+', '$OK#9a', '$QC01#f5']);
  });
});

describe('what a debugger asks first', () => {
  it.each([
    [
      'qSupported:swbreak+;xmlRegisters=i386',
      'PacketSize=4000;QStartNoAckMode+;swbreak+;hwbreak+;vContSupported+',
    ],
    ['?', 'T05thread:01;'],
    ['qC', 'QC01'],
    ['qAttached', '1'],
    ['qfThreadInfo', 'm01'],
    ['qsThreadInfo', 'l'],
    ['Hg0', 'OK'],
    ['T1', 'OK'],
    ['vCont?', 'vCont;c;C;s;S'],
    ['vMustReplyEmpty', ''],
    ['qTStatus', ''],
    ['qXfer:features:read:target.xml:0,100', ''],
    ['Z2,3ffe8000,4', ''],
    ['nonsense', ''],
  ])('%s is answered with %j', (packet, reply) => {
    expect(ask(packet)).toBe(reply);
  });
});

describe('registers', () => {
  it('are 50 words in the order of QEMU’s lx106', () => {
    for (let i = 0; i < 16; i++) cpu.ar[i] = 0x1000 + i;
    for (const [number, value] of [
      [3, 17], // SAR
      [177, 0x40101111], // EPC1
      [192, 0x40102222], // DEPC
      [231, 0x40104000], // VECBASE
      [238, 0x3ffe0001], // EXCVADDR
      [240, 0x12345678], // CCOMPARE0
    ] as const) {
      cpu.writeSpecial(number, value);
    }
    const reply = ask('g');
    expect(reply).toHaveLength(400);
    for (let i = 0; i < 16; i++) expect(wordOf(reply, i)).toBe(0x1000 + i);
    expect(wordOf(reply, 16)).toBe(guest.addrOf('begin'));
    expect([17, 28, 31, 41, 48, 49].map((index) => wordOf(reply, index))).toEqual([
      17, 0x40101111, 0x40102222, 0x40104000, 0x3ffe0001, 0x12345678,
    ]);
    expect(wordOf(reply, 21)).toBe(cpu.readSpecial(230));
    expect(wordOf(reply, 44)).toBe(cpu.time.ccount);
  });

  it('are the same one by one', () => {
    const all = ask('g');
    for (let i = 0; i < 50; i++) expect(ask(`p${i.toString(16)}`)).toBe(all.slice(8 * i, 8 * i + 8));
    expect(ask('p32')).toBe('E01');
    expect(ask('pzz')).toBe('E01');
  });

  it('are written all at once or one by one', () => {
    const words = Buffer.from(ask('g'), 'hex');
    words.writeUInt32LE(0xcafe, 4 * 5);
    words.writeUInt32LE(guest.addrOf('end'), 4 * 16);
    expect(ask(`G${words.toString('hex')}`)).toBe('OK');
    expect([cpu.ar[5], cpu.pc]).toEqual([0xcafe, guest.addrOf('end')]);
    expect(ask(`P11=${le(9)}`)).toBe('OK');
    expect(cpu.readSpecial(3)).toBe(9);
  });

  it('written back as they were read change nothing', () => {
    cpu.writeSpecial(226, 0x80); // INTSET: the software interrupt is pending
    const before = cpu.save();
    const registers = [...cpu.regs];
    ask(`G${ask('g')}`);
    expect(cpu.save()).toEqual(before);
    expect([...cpu.regs]).toEqual(registers);
  });

  it.each(['G', 'G00', 'Gxx', 'P11', 'P11=0', 'P99=00000000'])('%s is refused', (packet) => {
    expect(ask(packet)).toBe('E01');
  });
});

describe('memory', () => {
  it('is read in any width, also where the guest itself may read whole words only', () => {
    const begin = guest.addrOf('begin');
    const expected = Buffer.from(guest.bytes(begin + 1, 3)).toString('hex');
    expect(ask(`m${(begin + 1).toString(16)},3`)).toBe(expected);
    expect(ask('m3fffc714,0')).toBe('');
  });

  it('of the chip’s registers is read through the bus', () => {
    // GPIO_OUT (0x60000300) takes what is written to it.
    expect(ask('M60000300,4:22110000')).toBe('OK');
    expect(ask('m60000300,4')).toBe('22110000');
    expect(ask('m60000301,1')).toBe('11');
  });

  it('is written as hexadecimal and as binary', () => {
    expect(ask('M3ffe9000,4:01020304')).toBe('OK');
    expect(guest.word(0x3ffe9000)).toBe(0x04030201);
    session.receive(framePacket('X3ffe9001,2:\x7f\x01'));
    expect(replies.at(-1)).toBe('OK');
    expect(guest.word(0x3ffe9000)).toBe(0x04017f01);
    expect(ask('X3ffe9001,0:')).toBe('OK');
  });

  it('written where code lies is what runs next', () => {
    guest.runTo('end');
    expect(cpu.ar[2]).toBe(1);
    // movi a2, 7
    expect(ask(`M${guest.addrOf('begin').toString(16)},3:22a007`)).toBe('OK');
    cpu.pc = guest.addrOf('begin');
    guest.runTo('end');
    expect(cpu.ar[2]).toBe(7);
  });

  it.each([
    ['m20000000,4', 'E14'],
    ['m3ffe9000', 'E01'],
    ['m3ffe9000,ffff', 'E01'],
    ['M40000000,4:00000000', 'E14'],
    ['M3ffe9000,4:00', 'E01'],
    ['M20000000,4:00000000', 'E14'],
    ['M60000300,1:00', 'E14'],
    ['X3ffe9000,4:ab', 'E01'],
  ])('%s is answered with %s', (packet, reply) => {
    expect(ask(packet)).toBe(reply);
  });

  it('looked at where nothing is does not count as the guest’s mistake', () => {
    guest.board.bus.lenient = true;
    try {
      const before = guest.board.bus.unmappedCount;
      expect(ask('m3ff70000,4')).toBe('E14');
      expect(guest.board.bus.unmappedCount).toBe(before);
    } finally {
      guest.board.bus.lenient = false;
    }
  });
});

describe('running', () => {
  it('goes on, steps and stops as whoever runs the board says', () => {
    ask('c');
    expect([acts, replies]).toEqual([['resume'], []]);
    session.stopped('breakpoint');
    expect(replies).toEqual(['T05thread:01;']);
    ask('s');
    session.stopped('step');
    session.receive(Uint8Array.of(3));
    expect(acts).toEqual(['resume', 'step']);
    ask('vCont;c:1');
    session.receive(Uint8Array.of(3));
    session.stopped('interrupted');
    expect(acts).toEqual(['resume', 'step', 'resume', 'interrupt']);
    expect(replies.at(-1)).toBe('T02thread:01;');
    expect(ask('?')).toBe('T02thread:01;');
  });

  it('goes on from another address', () => {
    ask(`c${guest.addrOf('end').toString(16)}`);
    expect(cpu.pc).toBe(guest.addrOf('end'));
    session.stopped('breakpoint');
    ask(`S05;${guest.addrOf('begin').toString(16)}`);
    expect([cpu.pc, acts]).toEqual([guest.addrOf('begin'), ['resume', 'step']]);
  });

  it('ends at a fault with its words and SIGSEGV', () => {
    ask('c');
    session.stopped('fault', 'no such register');
    expect(replies).toEqual([`O${Buffer.from('no such register\n').toString('hex')}`, 'T0bthread:01;']);
  });

  it('stops at breakpoints, which leave the memory as it is', () => {
    const end = guest.addrOf('end');
    const before = guest.word(end & ~3);
    expect(ask(`Z0,${end.toString(16)},3`)).toBe('OK');
    expect(guest.word(end & ~3)).toBe(before);
    expect(guest.run(1000)).toBe('stopped');
    expect(cpu.pc).toBe(end);
    expect(ask(`z0,${end.toString(16)},3`)).toBe('OK');
    expect(guest.run(1000)).toBe('time');
  });

  it('takes its breakpoints along when it leaves', () => {
    for (const leave of ['D', 'k']) {
      const end = guest.addrOf('end');
      ask(`Z1,${end.toString(16)},3`);
      ask(leave);
      expect(cpu.codeTable.hasBreakpoint(end)).toBe(false);
      expect(acts.at(-1)).toBe(leave === 'D' ? 'detach' : 'kill');
      // Nothing is answered any more.
      const heard = replies.length;
      ask('g');
      expect(replies).toHaveLength(heard);
      session = new GdbSession(guest.board, {
        send: (bytes) => void replies.push(String.fromCharCode(...bytes)),
        resume: () => undefined,
        step: () => undefined,
        interrupt: () => undefined,
        reset: () => undefined,
        leave: (how) => void acts.push(how),
      });
    }
  });

  it('presses reset by a monitor command, and says what commands there are', () => {
    const hex = (text: string): string => Buffer.from(text).toString('hex');
    expect(ask(`qRcmd,${hex('reset')}`)).toBe('OK');
    expect(acts).toEqual(['reset']);
    expect(Buffer.from(ask(`qRcmd,${hex('what')}`), 'hex').toString()).toContain('reset');
  });
});
