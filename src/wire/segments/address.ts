/** Whether a text is an IP address; Node's own check is no part of pure code. */

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;

export function isIP(text: string): boolean {
  return IPV4.test(text) || isIPv6(text);
}

/** Eight groups of hexadecimal digits, or fewer with one `::`; the last two may be IPv4. */
function isIPv6(text: string): boolean {
  const [address = ''] = text.split('%', 1);
  const halves = address.split('::');
  if (!address.includes(':') || halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1) ?? '';
  const hasIPv4 = last.includes('.');
  if (hasIPv4 && !IPV4.test(last)) return false;
  const hex = hasIPv4 ? groups.slice(0, -1) : groups;
  const count = hex.length + (hasIPv4 ? 2 : 0);
  return (
    hex.every((group) => /^[\da-f]{1,4}$/i.test(group)) &&
    (halves.length === 2 ? count < 8 : count === 8)
  );
}
