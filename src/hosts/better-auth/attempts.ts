import type { Call, Draft } from './trail.js';
import { isAttempt, wayOf } from './ways.js';

/** Registrations of a new user by themselves. */
export const isSignUp = (path: string): boolean => path.startsWith('/sign-up/');

function loginFailure(call: Call): Draft | undefined {
  const way = wayOf(call.path, call.provider);
  if (way === undefined || !isAttempt(call.status, call.code)) return undefined;
  // With a session at hand a second factor is being set up or checked, and nobody signs in.
  if (call.isChange === true || (call.session !== undefined && way.step === 2)) return undefined;
  const { authenticator, step } = way;
  const failedStep = { step, idp: call.provider ?? 'LOCAL', authenticator };
  return {
    event: { type: 'login.failure', reason: { code: call.code ?? 'unknown', failedStep } },
    ...(call.challenged !== undefined && { userId: call.challenged }),
    ...(call.typed !== undefined && { typed: call.typed }),
    by: 'user',
  };
}

function registrationFailure({ path, status, code, typed }: Call): Draft | undefined {
  if (!isSignUp(path) || typed === undefined) return undefined;
  if (!isAttempt(status, code) && code !== 'VALIDATION_ERROR') return undefined;
  return { event: { type: 'registration.failure', reason: { code: code ?? 'unknown' } }, typed, by: 'user' };
}

/** What a call that was turned away tells; undefined: nothing. */
export const failureOf = (call: Call): Draft | undefined => loginFailure(call) ?? registrationFailure(call);
