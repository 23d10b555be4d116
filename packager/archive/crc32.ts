/** The CRC-32 polynomial of zip, reflected. */
const POLYNOMIAL = 0xedb88320;

/** a * b modulo the polynomial, both reflected: the highest bit is x^0. */
function multiply(a: number, b: number): number {
  let product = 0;
  let factor = b;
  for (let bit = 0x80000000; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= factor;
    factor = (factor & 1) === 0 ? factor >>> 1 : (factor >>> 1) ^ POLYNOMIAL;
  }
  return product >>> 0;
}

/** x^(8 * bytes) modulo the polynomial: what so many zero bytes do to a CRC. */
function shiftBy(bytes: number): number {
  let result = 0x80000000;
  let power = 0x00800000;
  for (let rest = bytes; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = multiply(result, power);
    power = multiply(power, power);
  }
  return result;
}

/** The CRC-32 of two contents joined, from their own and the length of the second. */
export function joinCrc32(first: number, second: number, secondLength: number): number {
  return (multiply(shiftBy(secondLength), first) ^ second) >>> 0;
}
