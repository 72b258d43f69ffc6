"""The program's random streams (base/random.h, base/philox.h) once more, in plain Python: no other module needed.

Written from the published descriptions: XXH3-64 (Collet, xxHash specification) for names, Philox4x32-10 (Salmon et al.
2011) for numbers, Lemire 2019 for integers without bias, Fisher and Yates for permutations. streams_fixture.py compares
the hash with the package xxhash, and random_test.cpp compares the C++ code with what is said here.
"""

MASK = (1 << 64) - 1
PRIME = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221b8084674f743248e"
    "e03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8a8fa763fe39c343ff9dcbbc7c70b4f1d"
    "8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc"
    "8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e")


def _u64(data, at):
    return int.from_bytes(data[at:at + 8], "little")


def _u32(data, at):
    return int.from_bytes(data[at:at + 4], "little")


def _swap64(x):
    return int.from_bytes(x.to_bytes(8, "little"), "big")


def _rotl(x, n):
    return ((x << n) | (x >> (64 - n))) & MASK


def _fold(a, b):
    product = a * b
    return (product & MASK) ^ (product >> 64)


def _avalanche(h):
    h ^= h >> 37
    h = h * 0x165667919E3779F9 & MASK
    return h ^ (h >> 32)


def _xxh64_avalanche(h):
    h ^= h >> 33
    h = h * PRIME[1] & MASK
    h ^= h >> 29
    h = h * PRIME[2] & MASK
    return h ^ (h >> 32)


def _up_to_3(data, seed):
    n = len(data)
    combined = (data[0] << 16) | (data[n >> 1] << 24) | data[-1] | (n << 8)
    return _xxh64_avalanche(combined ^ ((_u32(SECRET, 0) ^ _u32(SECRET, 4)) + seed & MASK))


def _up_to_8(data, seed):
    n = len(data)
    seed ^= int.from_bytes((seed & 0xFFFFFFFF).to_bytes(4, "little"), "big") << 32
    flip = (_u64(SECRET, 8) ^ _u64(SECRET, 16)) - seed & MASK
    h = (_u32(data, n - 4) + (_u32(data, 0) << 32)) ^ flip
    h ^= _rotl(h, 49) ^ _rotl(h, 24)
    h = h * 0x9FB21C651E98DF25 & MASK
    h ^= (h >> 35) + n
    h = h * 0x9FB21C651E98DF25 & MASK
    return h ^ (h >> 28)


def _up_to_16(data, seed):
    low = _u64(data, 0) ^ ((_u64(SECRET, 24) ^ _u64(SECRET, 32)) + seed & MASK)
    high = _u64(data, len(data) - 8) ^ ((_u64(SECRET, 40) ^ _u64(SECRET, 48)) - seed & MASK)
    return _avalanche(len(data) + _swap64(low) + high + _fold(low, high) & MASK)


def _up_to_128(data, seed):
    n = len(data)

    def mix(at, secret):
        return _fold(_u64(data, at) ^ (_u64(SECRET, secret) + seed & MASK),
                     _u64(data, at + 8) ^ (_u64(SECRET, secret + 8) - seed & MASK))

    total = n * PRIME[0]
    for i in range((n - 1) // 32 + 1):  # pairs of 16 bytes, from both ends
        total += mix(16 * i, 32 * i) + mix(n - 16 * (i + 1), 32 * i + 16)
    return _avalanche(total & MASK)


def xxh3_64(data, seed=0):
    """XXH3-64 of 1 to 128 bytes: all that names of streams need."""
    if not 1 <= len(data) <= 128:
        raise ValueError(f"{len(data)} bytes: names of streams have 1 to 128")
    for longest, function in ((3, _up_to_3), (8, _up_to_8), (16, _up_to_16), (128, _up_to_128)):
        if len(data) <= longest:
            return function(data, seed)


def philox4x32(counter, key):
    """Four words of block `counter` (64 bits; the upper two counter words are 0) under `key` (64 bits)."""
    c = [counter & 0xFFFFFFFF, counter >> 32, 0, 0]
    k = [key & 0xFFFFFFFF, key >> 32]
    for _ in range(10):
        a, b = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
        c = [(b >> 32) ^ c[1] ^ k[0], b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [k[0] + 0x9E3779B9 & 0xFFFFFFFF, k[1] + 0xBB67AE85 & 0xFFFFFFFF]
    return c


class Stream:
    """A named stream: Stream(seed, "MSI/LF/0/order").child(epoch).permutation(n)."""

    def __init__(self, seed, name):
        self.key = xxh3_64(name.encode(), seed)

    def child(self, index):
        stream = Stream.__new__(Stream)
        stream.key = xxh3_64(self.key.to_bytes(8, "little") + index.to_bytes(8, "little"))
        return stream

    def block(self, number):
        return philox4x32(number, self.key)

    def bits(self, counter):
        return self.block(counter // 4)[counter % 4]

    def uniform_float(self, counter):
        """24 bits in [0, 1): exact in float32."""
        return (self.bits(counter) >> 8) / (1 << 24)

    def uniform_double(self, counter):
        """53 bits in [0, 1)."""
        words = self.block(counter // 2)
        high, low = words[2 * (counter % 2)], words[2 * (counter % 2) + 1]
        return ((high << 21) ^ (low >> 11)) / (1 << 53)

    def below(self, n, counter):
        """(integer in [0, n), counter after the words it took)."""
        threshold = ((1 << 32) - n) % n
        while True:
            product = self.bits(counter) * n
            counter += 1
            if product & 0xFFFFFFFF >= threshold:
                return product >> 32, counter

    def permutation(self, n):
        order, counter = list(range(n)), 0
        for i in range(n, 1, -1):
            j, counter = self.below(i, counter)
            order[i - 1], order[j] = order[j], order[i - 1]
        return order

    def fill_words(self, n):
        """The n words that arrays are filled from: groups of 16 blocks, the blocks' first words before their second."""
        words = self.block(0)
        key = words[0] | (words[1] << 32)
        out = []
        for group in range((n + 63) // 64):
            blocks = [philox4x32(16 * group + i, key) for i in range(16)]
            out += [blocks[i][word] for word in range(4) for i in range(16)]
        return out[:n]

    def fill_uniform(self, n):
        return [(word >> 8) / (1 << 24) for word in self.fill_words(n)]

    def fill_dropout(self, n, p):
        """0 with probability p, else 1 / (1 - p)."""
        threshold = min(round(p * (1 << 32)), (1 << 32) - 1)
        return [0.0 if word < threshold else 1 / (1 - p) for word in self.fill_words(n)]


def multiplicities(stream, draw, n, times=None):
    """How often each of n things is in resample number `draw`, of n draws or of `times`."""
    words, counter, m = stream.child(draw), 0, [0] * n
    for _ in range(n if times is None else times):
        i, counter = words.below(n, counter)
        m[i] += 1
    return m
