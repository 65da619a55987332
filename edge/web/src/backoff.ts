/** How long to wait before try number `attempt` (from 0): doubling up to a bound, the later half of it by chance. */
export function backoff(attempt: number, random: () => number, first = 500, most = 20_000): number {
  const bound = Math.min(most, first * 2 ** Math.min(attempt, 16));
  return Math.round(bound / 2 + (bound / 2) * random());
}
