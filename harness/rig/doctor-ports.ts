import type { Finding } from './doctor';
import type { DoctorWorld } from './doctor-world';

/** Programs that grab serial adapters as soon as they are plugged in. */
const GRABBERS = [
  ['ModemManager', 'writes to new serial ports to find modems', 'systemctl disable --now ModemManager'],
  ['brltty', 'takes CH340 and CP210x adapters for braille displays', 'apt-get purge brltty'],
] as const;

/** The serial ports of this machine, or the one that is asked for. */
export async function findingsOfPorts(world: DoctorWorld, asked?: string): Promise<readonly Finding[]> {
  if (asked?.includes('://') === true) {
    return [{ level: 'good', what: 'port', found: `${asked}, over the network` }];
  }
  const listed = (await world.listPorts()).map(({ path }) => path);
  const ports = asked === undefined ? listed : [asked];
  const findings = ports.map((port) => portFinding(world, port, listed));
  if (ports.length === 0) {
    findings.push({ level: 'good', what: 'serial ports', found: 'none; virtual rigs need none' });
    return findings;
  }
  return [...findings, ...grabberFindings(world)];
}

function portFinding(world: DoctorWorld, port: string, listed: readonly string[]): Finding {
  const what = `port ${port}`;
  const access = world.access(port);
  if (access === undefined) {
    const there = listed.length === 0 ? 'No serial port is present' : `Present are ${listed.join(', ')}`;
    return {
      level: 'bad',
      what,
      found: 'is not there',
      remedy: `Plug it in; many cables only charge. ${there}. A new adapter shows in dmesg.`,
    };
  }
  if (access === 'denied') {
    return {
      level: 'bad',
      what,
      found: `${world.user} may not open it`,
      remedy: `sudo usermod -aG dialout ${world.user}, then log in anew.`,
    };
  }
  const [holder] = world.holdersOf(port);
  if (holder === undefined) return { level: 'good', what, found: 'can be opened' };
  return {
    level: 'bad',
    what,
    found: `is held by process ${holder.pid}: ${holder.command}`,
    remedy: `End it: kill ${holder.pid}. A monitor that is still open is the usual one.`,
  };
}

function grabberFindings(world: DoctorWorld): readonly Finding[] {
  const running = new Set(world.programsRunning().map((name) => name.toLowerCase()));
  return GRABBERS.filter(([program]) => running.has(program.toLowerCase())).map(
    ([program, does, remedy]): Finding => ({
      level: 'warn',
      what: program,
      found: `runs, and ${does}`,
      remedy: `sudo ${remedy}`,
    }),
  );
}
