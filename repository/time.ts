/** So far another's clock may be ahead of one's own. */
const SKEW_MS = 15 * 60_000;

/**
 * When something takes place, ISO 8601: behind what took place before it also where whoever did that has a clock that is ahead. So such times, as text, order what they stand for.
 * @param before ISO 8601; `undefined`, or anything else: there was nothing
 */
export function timeAfter(now: Date, before: string | undefined): string {
  const last = before === undefined ? NaN : new Date(before).getTime();
  const time = last >= now.getTime() ? new Date(last + 1) : now;
  return (Number.isNaN(time.getTime()) ? now : time).toISOString();
}

/** When something was issued that says so itself, ISO 8601: not long after it is there. A time to come would have nothing follow it. */
export function issuedBefore(issued: string, arrival: Date): string {
  return new Date(issued).getTime() > arrival.getTime() + SKEW_MS ? arrival.toISOString() : issued;
}
