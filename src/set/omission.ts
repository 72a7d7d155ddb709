/** A JSON object under construction; its members' order is the order on the wire. */
export type Body = { [name: string]: unknown };

/** Leaves out null, empty texts and empty lists, as WSO2's serializer does. 0, false and empty objects stay. */
export function withoutEmpty(body: Body): Body {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
}
