import type { MacAddress } from './addresses';
import { macKey } from './addresses';
import { ApClient } from './ap-client';
import { equalBytes } from './bytes';
import { FC0, REASON, STATUS } from './ieee80211';
import {
  AUTH_OPEN,
  encodeAssociationResponse,
  encodeAuth,
  parseAssociationRequest,
  parseAuth,
} from './management';
import { AKM_PSK, CIPHER, parseRsn } from './rsn';

const MAX_CLIENTS = 32;

export interface ApAdmissionOptions {
  readonly ssid: Uint8Array;
  /** Null is an open network. */
  readonly groupCipher: number | null;
  /** Filled here; whoever leaves is taken out by `onLeft`. */
  readonly clients: Map<number, ApClient>;
  readonly say: (fc0: number, to: MacAddress, body: Uint8Array) => void;
  readonly onAdmitted: (client: ApClient) => void;
  readonly onLeft: (client: ApClient, reason: number) => void;
  /** A client's timer has come. */
  readonly onTimer: (client: ApClient) => void;
}

/** Who comes in: authentication and association, the access point's side. */
export class ApAdmission {
  private readonly options: ApAdmissionOptions;

  constructor(options: ApAdmissionOptions) {
    this.options = options;
  }

  receiveAuth(frame: Uint8Array, from: MacAddress, client: ApClient | undefined): void {
    const auth = parseAuth(frame);
    if (auth?.sequence !== 1) return;
    // Whoever authenticates starts over: it may have restarted without a word.
    if (client) this.options.onLeft(client, REASON.AUTH_EXPIRED);
    const status = auth.algorithm === AUTH_OPEN ? STATUS.SUCCESS : STATUS.ALGORITHM;
    this.options.say(
      FC0.AUTHENTICATION,
      from,
      encodeAuth({ algorithm: auth.algorithm, sequence: 2, status }),
    );
  }

  receiveAssociation(frame: Uint8Array, from: MacAddress, before: ApClient | undefined): void {
    const { ssid, groupCipher, clients, say, onAdmitted, onLeft, onTimer } = this.options;
    const isAgain = frame[0] === FC0.REASSOCIATION_REQUEST;
    const request = parseAssociationRequest(frame, isAgain);
    if (!request || !equalBytes(request.ssid, ssid)) return;
    if (before) onLeft(before, REASON.AUTH_EXPIRED);
    const status = this.judge(request.rsnElement);
    const associationId = status === STATUS.SUCCESS ? this.freeAssociationId() : 0;
    const answer = encodeAssociationResponse({ status, associationId }, groupCipher !== null);
    say(isAgain ? FC0.REASSOCIATION_RESPONSE : FC0.ASSOCIATION_RESPONSE, from, answer);
    if (status !== STATUS.SUCCESS) return;
    const client = new ApClient(from, associationId, request.rsnElement?.slice() ?? null, onTimer);
    clients.set(macKey(from), client);
    onAdmitted(client);
  }

  private judge(rsnElement: Uint8Array | null): number {
    const { clients, groupCipher } = this.options;
    if (clients.size >= MAX_CLIENTS) return STATUS.TABLE_FULL;
    if (groupCipher === null) return STATUS.SUCCESS;
    if (!rsnElement) return STATUS.INVALID_ELEMENT;
    const rsn = parseRsn(rsnElement.subarray(2));
    if (!rsn) return STATUS.INVALID_ELEMENT;
    if (rsn.group !== groupCipher) return STATUS.INVALID_GROUP_CIPHER;
    if (!rsn.pairwise.includes(CIPHER.CCMP)) return STATUS.INVALID_PAIRWISE_CIPHER;
    return rsn.akm.includes(AKM_PSK) ? STATUS.SUCCESS : STATUS.INVALID_AKMP;
  }

  private freeAssociationId(): number {
    const taken = new Set([...this.options.clients.values()].map(({ associationId }) => associationId));
    let id = 1;
    while (taken.has(id)) id++;
    return id;
  }
}
