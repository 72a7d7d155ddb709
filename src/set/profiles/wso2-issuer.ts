import type { IdentityEvent } from '../../schema-types.js';

const superTenant = 'carbon.super';

/** A base URL without slashes at its end; undefined where nothing is left. */
export const baseOf = (issuer: string | undefined): string | undefined => issuer?.replace(/\/+$/, '') || undefined;

const below = (tenant: string): string => `/t/${encodeURIComponent(tenant)}`;

/**
 * `<base>/t/<tenant>`, for an organization below the root `<base>/t/<tenant>/o/<id>`. Where no tenant is known WSO2
 * would leave it out; we say the base alone, since a SET without `iss` helps nobody.
 */
export function issuerOf({ issuer, tenant, organization }: IdentityEvent): string | undefined {
  const base = baseOf(issuer);
  if (base === undefined || tenant === undefined) return base;
  const isSub = organization !== undefined && (organization.depth ?? 0) > 0;
  return `${base}${below(tenant.name)}${isSub ? `/o/${encodeURIComponent(organization.id)}` : ''}`;
}

/**
 * The user's SCIM 2 resource, of which the super tenant's stand without a tenant in the path. None where the issuer is
 * no URL: nothing could be looked up there.
 */
export function userRefOf({ issuer, tenant, user }: IdentityEvent): string | undefined {
  const base = baseOf(issuer);
  if (base === undefined || user?.id === undefined || !/^[a-z][a-z0-9+.-]*:\/\/\S+$/i.test(base)) return undefined;
  const path = tenant === undefined || tenant.name === superTenant ? '' : below(tenant.name);
  return `${base}${path}/scim2/Users/${encodeURIComponent(user.id)}`;
}
