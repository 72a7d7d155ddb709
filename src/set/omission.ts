/** A JSON object under construction; its members' order is the order on the wire. */
export type Body = { [name: string]: unknown };

/** Leaves out null, empty texts and empty lists, as WSO2's serializer does. 0, false and empty objects stay. */
export function withoutEmpty(body: Body): Body {
  const full: Body = {};
  for (const name in body) if (!isEmpty(body[name])) full[name] = body[name];
  return full;
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
}
