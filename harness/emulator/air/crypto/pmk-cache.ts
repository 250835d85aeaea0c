import { pmkFromPassphrase } from './pbkdf2';

/** The pairwise master keys of one passphrase, by network name: each costs 4096 rounds of PBKDF2, so once is enough. */
export class PmkCache {
  private readonly passphrase: string;
  private readonly known = new Map<string, Uint8Array>();

  constructor(passphrase: string) {
    this.passphrase = passphrase;
  }

  keyFor(ssid: Uint8Array): Uint8Array {
    const name = ssid.join();
    let pmk = this.known.get(name);
    if (!pmk) {
      pmk = pmkFromPassphrase(this.passphrase, ssid);
      this.known.set(name, pmk);
    }
    return pmk;
  }
}
