/** An event as a login makes it: its SET has about 0.95 KB in the wso2 profile. */
export const eventOf = (n: number, correlationId = `r-${n}`) => ({
  type: 'login.failure',
  correlationId,
  user: { id: `user-${n % 50_000}`, username: `user-${n % 50_000}@example.com` },
  tenant: { id: '1', name: 'example.com' },
  application: {
    clientId: 'shop',
    id: 'a3f1b2c4-0000-4000-8000-000000000001',
    name: 'The shop of the example company',
  },
  initiator: {
    type: 'user' as const,
    ip: '203.0.113.10',
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36',
  },
  reason: { description: 'invalid password', failedStep: { step: 1, authenticator: 'password' } },
});

/** What all of them sign with. */
export const secret = 'the secret of the bench';
