/** Ed25519 keys of 32 bytes, for the runtime's own code, which wants them in a wrapping. */
import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as signNow,
  verify,
} from 'node:crypto';

/** PKCS #8 of an Ed25519 key, before its 32 bytes. */
const SECRET_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

export class SigningKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly #key: KeyObject;

  constructor(secret: Uint8Array) {
    const der = Buffer.concat([SECRET_PREFIX, secret]);
    this.#key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    const { x = '' } = createPublicKey(this.#key).export({ format: 'jwk' });
    this.publicKey = new Uint8Array(Buffer.from(x, 'base64url'));
  }

  /** 64 bytes; takes this thread some 35 us. */
  sign(message: Uint8Array): Uint8Array {
    return signNow(null, message, this.#key);
  }

  /** The same from a thread of the pool; this one is kept for some 10 us. */
  signAside(message: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      signNow(null, message, this.#key, (error, signature) => {
        if (error === null) resolve(signature);
        else reject(error);
      });
    });
  }
}

/** What checks signatures of one public key; undefined where the bytes are none. */
export function signatureCheck(
  publicKey: Uint8Array,
): ((message: Uint8Array, signature: Uint8Array) => boolean) | undefined {
  try {
    const x = Buffer.from(publicKey).toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    return (message, signature) => verify(null, message, key, signature);
  } catch {
    return undefined;
  }
}
