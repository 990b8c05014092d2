// Seeded random numbers, the only source of randomness in the project: the same seed gives the same
// run. The state is four words, small enough to be stored in a checkpoint.

/**
 * A 32-bit hash in which every bit of x affects every bit of the result (the finaliser of
 * splitmix32).
 */
export function hash32(x: number): number {
  let z = x >>> 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

/**
 * Whether dropout keeps an element. The result depends only on the arguments, so every device and
 * every split of the batch drops the same elements.
 * @param index the index of the element in (T·N, columns) of the whole batch, time first
 */
export function dropoutKeeps(key: number, site: number, index: number, rate: number): boolean {
  return hash32(index ^ dropoutSeed(key, site)) >= dropoutThreshold(rate);
}

/** The seed of the dropout masks of one site in one call. */
export function dropoutSeed(key: number, site: number): number {
  return hash32(key + Math.imul(site, 0x9e3779b9));
}

/**
 * Elements whose hash is below this threshold are dropped. The threshold is even, so comparing the
 * upper 31 bits is enough.
 */
export function dropoutThreshold(rate: number): number {
  return 2 * Math.floor(rate * 2 ** 31);
}

/** The whole state of a `Random`: four 32-bit words. */
export type RandomState = readonly [number, number, number, number];

/** xoshiro128** 1.1 (Blackman and Vigna, 2018), seeded by splitmix32. */
export class Random {
  #state: Uint32Array;

  /** @param seed any integer, of which only the low 53 bits are used */
  constructor(seed: number) {
    let mixed = (seed ^ hash32(Math.floor(seed / 2 ** 32))) >>> 0; // hashed, so that seed −1 differs from seed 0
    this.#state = Uint32Array.from({ length: 4 }, () => {
      mixed = (mixed + 0x9e3779b9) >>> 0;
      return hash32(mixed);
    });
  }

  static restore(state: RandomState): Random {
    const random = new Random(0);
    random.#state.set(state);
    return random;
  }

  get state(): RandomState {
    const [a, b, c, d] = this.#state;
    return [a, b, c, d];
  }

  /** A uniformly distributed integer in [0, 2³²). */
  uint32(): number {
    return this.#next() >>> 0;
  }

  /** The 32 random bits as a signed integer, which V8 need not allocate. */
  #next(): number {
    const s = this.#state;
    const product = Math.imul(s[1], 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9);
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  /** A uniformly distributed number in [0, 1) with 53 random bits. */
  uniform(): number {
    return ((this.#next() >>> 5) * 2 ** 26 + (this.#next() >>> 6)) / 2 ** 53;
  }

  /**
   * A standard normal number (Box and Muller, 1958). The second number of each pair is discarded,
   * so that the state stays four words.
   */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }
}
