/* Codes: which two codes a person may hold, and how near two codes may be.

   The same rules as `core/codes.py`, function by function, in the same order of draws: one
   file of vectors (tests/vectors/codes.json) and a comparison on random input hold the two
   together. Change both or none. Pure: randomness arrives as `below(n)`. */

export const MIN_DIGITS = 4;
export const MAX_DIGITS = 8;

export const PRIVATE = "private";
export const INDEPENDENT = "independent";
export const SWAP_LAST_TWO = "swap-last-two";
export const POLICIES = Object.freeze([PRIVATE, INDEPENDENT, SWAP_LAST_TWO]);

/** Why a pair of codes cannot be taken; the values are those of core.codes.Refusal. */
export const REFUSAL = Object.freeze({
  cannotVary: "policy-cannot-vary",
  notOfPolicy: "not-of-this-policy",
  weak: "weak",
  tooNearOwn: "too-near-own",
  nearOther: "taken-or-near-other",
});

const DRAWS_MAX = 1000;
const DIGITS = "0123456789";

/** The code in two groups, as people read it: 123 456, 12 34. */
export function show(code) {
  const middle = Math.ceil(code.length / 2);
  return `${code.slice(0, middle)} ${code.slice(middle)}`;
}

/* -- one slip of the finger ------------------------------------------------------------ */

const places = (count) => Array.from({ length: count }, (_, place) => place);
const withDigit = (build) => Array.from(DIGITS, build);

/** Every other code that one slip makes of this one; core.codes.ball says which slips. */
export function ball(code) {
  const near = new Set([
    ...substitutions(code),
    ...transpositions(code),
    ...twins(code),
    ...omissions(code),
    ...insertions(code),
  ]);
  near.delete(code);
  return near;
}

/** Every code one slip away, in either direction: each slip can be undone by a slip. */
export const neighbours = ball;

function substitutions(code) {
  return places(code.length).flatMap((at) =>
    withDigit((digit) => code.slice(0, at) + digit + code.slice(at + 1)),
  );
}

function transpositions(code) {
  return [1, 2].flatMap((gap) =>
    places(code.length - gap).map((at) => exchanged(code, at, at + gap)),
  );
}

function twins(code) {
  return places(code.length - 1)
    .filter((at) => code[at] === code[at + 1])
    .flatMap((at) => withDigit((digit) => code.slice(0, at) + digit + digit + code.slice(at + 2)));
}

function omissions(code) {
  return places(code.length).flatMap((at) =>
    withDigit((digit) => code.slice(0, at) + code.slice(at + 1) + digit),
  );
}

function insertions(code) {
  return places(code.length).flatMap((at) =>
    withDigit((digit) => code.slice(0, at) + digit + code.slice(at, -1)),
  );
}

function exchanged(code, first, second) {
  const digits = [...code];
  [digits[first], digits[second]] = [digits[second], digits[first]];
  return digits.join("");
}

/* -- weak codes ------------------------------------------------------------------------ */

// The keys beside each key, and above and below it, on a 3 x 4 keypad with 0 under 8.
const BESIDE = ["8", "24", "135", "26", "157", "2468", "359", "48", "5790", "68"];
const LINES = new Set(
  ["123", "456", "789", "147", "258", "369", "159", "357"].flatMap((line) => [
    line,
    [...line].reverse().join(""),
  ]),
);
const POPULAR = new Set(["0007", "1004", "5150", "5683", "31415", "112358", "271828", "314159"]);
const DAYS_IN_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const FIRST_YEAR = 1900;
const LAST_YEAR = 2039;
const DATE_FORMS = {
  4: ["DDMM", "MMDD", "YYYY"],
  6: ["DDMMyy", "MMDDyy", "yyMMDD", "MMYYYY", "YYYYMM"],
  8: ["DDMMYYYY", "MMDDYYYY", "YYYYMMDD"],
};

/** Whether somebody would guess this code early: a pattern, a shape on the keys, a date. */
export function isWeak(code) {
  return isPattern(code) || isShape(code) || isDate(code) || POPULAR.has(code);
}

function isPattern(code) {
  const size = code.length;
  const repeats = (period) => code.slice(period) === code.slice(0, size - period);
  const everySecond = (from) => places(size).filter((at) => at % 2 === from).map((at) => code[at]);
  return (
    new Set(code).size <= 2 ||
    code === [...code].reverse().join("") ||
    places(Math.floor((size + 1) / 2)).some((at) => repeats(at + 1)) ||
    (size % 2 === 0 && everySecond(0).join("") === everySecond(1).join("")) ||
    longestRun(code) >= Math.max(MIN_DIGITS, size - 1)
  );
}

function longestRun(code) {
  const steps = places(code.length - 1).map((at) => (code[at + 1] - code[at] + 10) % 10);
  let longest = 1;
  let run = 1;
  steps.forEach((step, at) => {
    run = at > 0 && step === steps[at - 1] ? run + 1 : 2;
    longest = Math.max(longest, run);
  });
  return longest;
}

function isShape(code) {
  const blocks = code.match(/.{1,3}/g);
  return (
    places(code.length - 1).every((at) => BESIDE[code[at]].includes(code[at + 1])) ||
    /^[1379]+$/.test(code) ||
    blocks.every((block) => LINES.has(block))
  );
}

function isDate(code) {
  return (DATE_FORMS[code.length] ?? []).some((form) => readsAs(form, code));
}

function readsAs(form, code) {
  const part = (letter) =>
    Number([...code].filter((_, at) => form[at] === letter).join("") || "NaN");
  const [year, month, day] = [part("Y"), part("M"), part("D")];
  if (year < FIRST_YEAR || year > LAST_YEAR) return false; // NaN, no year in this form, passes
  if (Number.isNaN(month)) return true;
  if (month < 1 || month > DAYS_IN_MONTH.length) return false;
  return Number.isNaN(day) || (day >= 1 && day <= DAYS_IN_MONTH[month - 1]);
}

/* -- pairs ----------------------------------------------------------------------------- */

/** Whether the policy makes a second code of this one: 1233 has no swapped form. */
export function canVary(policy, code) {
  return policy !== SWAP_LAST_TWO || code[code.length - 1] !== code[code.length - 2];
}

/**
 * Two codes that are fine by themselves, neither of them "the first": whatever fails is drawn
 * again from the start. `below(n)` is a whole number from 0 to n-1, evenly.
 */
export function drawPair(policy, digits, below) {
  if (!POLICIES.includes(policy)) throw new RangeError("unknown policy");
  if (!(Number.isInteger(digits) && digits >= MIN_DIGITS && digits <= MAX_DIGITS)) {
    throw new RangeError(`codes have ${MIN_DIGITS} to ${MAX_DIGITS} digits`);
  }
  for (let tried = 0; tried < DRAWS_MAX; tried += 1) {
    const pair = candidate(policy, digits, below);
    if (checkPair(policy, pair) === null) return pair;
  }
  throw new Error("the source of random numbers repeats itself");
}

/** Why this pair cannot be taken, or null; the order of the pair never matters. */
export function checkPair(policy, [one, other], taken = () => false) {
  const refusal = ownRefusal(policy, one, other);
  if (refusal !== null) return refusal;
  const asked = new Set([one, other, ...neighbours(one), ...neighbours(other)]);
  return [...asked].sort().some(taken) ? REFUSAL.nearOther : null;
}

function ownRefusal(policy, one, other) {
  if (!(canVary(policy, one) && canVary(policy, other))) return REFUSAL.cannotVary;
  if (isWeak(one) || isWeak(other)) return REFUSAL.weak;
  if (policy === SWAP_LAST_TWO) return other === swapped(one) ? null : REFUSAL.notOfPolicy;
  if (one === other || neighbours(one).has(other)) return REFUSAL.tooNearOwn;
  if (policy === PRIVATE && !differPrivately(one, other)) return REFUSAL.notOfPolicy;
  return null;
}

function differPrivately(one, other) {
  const differ = places(one.length).filter((at) => one[at] !== other[at]);
  return (
    differ.length === 2 &&
    differ[1] - differ[0] > 1 &&
    differ.every((at) => !BESIDE[one[at]].includes(other[at]))
  );
}

function candidate(policy, digits, below) {
  const digit = () => DIGITS[below(10)];
  const one = places(digits).map(digit).join("");
  if (policy === INDEPENDENT) return [one, places(digits).map(digit).join("")];
  if (policy === SWAP_LAST_TWO) return [one, swapped(one)];
  const apart = places(digits).flatMap((a) =>
    places(digits).filter((b) => b - a > 1).map((b) => [a, b]),
  );
  const [first, second] = apart[below(apart.length)];
  const other = [...one];
  other[first] = digit();
  other[second] = digit();
  return [one, other.join("")];
}

function swapped(code) {
  return exchanged(code, code.length - 2, code.length - 1);
}
