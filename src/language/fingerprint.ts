/**
 * 64 bits of a text in 16 hexadecimal digits: equal texts have equal ones, on every machine and in every version.
 *
 * Tells apart what people write; no guard against somebody who looks for two texts with one fingerprint. FNV-1a in
 * two lanes over UTF-16 units. Not `node:crypto`: loading it costs as much as parsing 100 rules.
 */
export function fingerprint(text: string): string {
  let low = 0x811c9dc5;
  let high = 0xcbf29ce4;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    low = Math.imul(low ^ unit, 0x01000193);
    // The other lane sees each unit together with the first one, so that the two do not collide alike.
    high = Math.imul(high ^ unit ^ (low >>> 15), 0x85ebca6b);
  }
  return hex(low ^ (high >>> 13)) + hex(high ^ (low >>> 16));
}

function hex(lane: number): string {
  return (lane >>> 0).toString(16).padStart(8, "0");
}
