// Rates with decimals, which the library takes as whole numbers of the same ratio.

/** Multiplies two rates by the power of ten that makes both whole. A rate that has none stays, and is refused. */
export function wholeRates(...rates) {
  const decimals = Math.max(...rates.map((rate) => String(rate).split(".")[1]?.length ?? 0));
  const whole = rates.map((rate) => Math.round(rate * 10 ** decimals));
  return whole.every(Number.isSafeInteger) && !whole.includes(0) ? whole : rates;
}
