import { watchHealth } from '#site/client/health.ts';
import { lookUpPart } from '#site/client/look-up.ts';
import { scorePart } from '#site/client/score.ts';
import { Token } from '#site/client/token.ts';
import { voucherPart } from '#site/client/voucher.ts';

// First of all: a token in the address is taken out of it.
const token = new Token();
scorePart();
lookUpPart(token);
voucherPart();
void watchHealth();
