import { isIP } from 'node:net';

/** Members of a subject identifier by format, apart from `format`: RFC 9493, section 3.2, and SSF 1.0, section 3.5. */
const membersOf: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  account: { uri: /^acct:[^@\s]+@[^@\s]+$/ },
  email: { email: /^[^@\s]+@[^@\s]+$/ },
  iss_sub: { iss: /./s, sub: /./s },
  opaque: { id: /./s },
  phone_number: { phone_number: /^\+[1-9]\d{1,14}$/ },
  did: { url: /^did:[a-z0-9]+:\S+$/ },
  uri: { uri: /^[A-Za-z][A-Za-z0-9+.-]*:\S+$/ },
  jwt_id: { iss: /./s, jti: /./s },
  saml_assertion_id: { issuer: /./s, assertion_id: /./s },
};

/** SSF 1.0, section 3.5.3: addresses as text, of version 4 or 6. */
function complaintOfAddresses(addresses: unknown): string | undefined {
  if (!Array.isArray(addresses) || addresses.length === 0) return 'ip-addresses is no array with members';
  return addresses.every((each) => typeof each === 'string' && isIP(each) !== 0)
    ? undefined
    : 'ip-addresses has a member that is no address';
}

/** Members of a complex subject: SSF 1.0, section 3.3. */
const parts = ['user', 'device', 'session', 'application', 'tenant', 'org_unit', 'group'];

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function complaintOfSimple({ format, ...members }: Record<string, unknown>): string | undefined {
  if (format === 'ip-addresses')
    return Object.keys(members).join() === 'ip-addresses'
      ? complaintOfAddresses(members['ip-addresses'])
      : 'a subject of the format ip-addresses has ip-addresses, and nothing else';
  const expected = membersOf[String(format)];
  if (expected === undefined) return `the format ${JSON.stringify(format)} is not known`;
  const found = Object.keys(members).sort().join();
  const wanted = Object.keys(expected).sort().join();
  if (found !== wanted) return `a subject of the format ${format} has ${wanted}, and not ${found}`;
  const bad = Object.entries(expected).find(([name, syntax]) => {
    const value = members[name];
    return typeof value !== 'string' || !syntax.test(value);
  });
  return bad && `${bad[0]} of the format ${format} is not as it has to be`;
}

function complaintOfAliases(identifiers: unknown): string | undefined {
  if (!Array.isArray(identifiers) || identifiers.length === 0) return 'identifiers of aliases is no array with members';
  if (new Set(identifiers.map((each) => JSON.stringify(each))).size !== identifiers.length)
    return 'identifiers of aliases has the same one twice';
  const complaints = identifiers.map((each) => (isObject(each) ? complaintOfSimple(each) : 'an alias is no object'));
  return complaints.find((each) => each !== undefined);
}

/** What is wrong with a `sub_id`, in words; undefined: nothing. Members that its format does not describe are wrong. */
export function complaintOfSubject(subject: unknown): string | undefined {
  if (!isObject(subject)) return 'sub_id is no object';
  const { format, ...members } = subject;
  if (format === 'aliases') {
    return Object.keys(members).join() === 'identifiers'
      ? complaintOfAliases(members.identifiers)
      : 'aliases has identifiers, and nothing else';
  }
  if (format !== 'complex') return complaintOfSimple(subject);
  const entries = Object.entries(members);
  if (entries.length === 0) return 'a complex subject has no member';
  for (const [name, part] of entries) {
    if (!parts.includes(name)) return `a complex subject has no member ${name}`;
    const complaint = isObject(part) ? complaintOfSimple(part) : `${name} of a complex subject is no object`;
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}
