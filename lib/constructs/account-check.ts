import { CfnRule, Fn } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Environment } from '#lib/environments.ts';

/**
 * Refuses the deployment of an environment without an account, before anything is made.
 *
 * Templates are synthesized for every environment on pull requests, where there is no account; but a deploy would go
 * to whatever account the credentials at hand belong to. CloudFormation evaluates a rule before it makes a change set.
 */
export class AccountCheck extends Construct {
  constructor(scope: Construct, id: string, { name, account }: Environment) {
    super(scope, id);
    if (account) return;
    new CfnRule(this, 'Rule', {
      assertions: [
        {
          assert: Fn.conditionEquals(`account of ${name}`, 'set'),
          assertDescription: `Environment ${name} has no account: set it in lib/environments.ts, then deploy again.`,
        },
      ],
    });
  }
}
