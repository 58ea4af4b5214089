import type { AutoMLContainerDefinition, ContainerDefinition } from '@aws-sdk/client-sagemaker';
import { stepError } from '#lambdas/shared/errors.ts';

/**
 * What a classification answers with. `probability` alone means different things in the two modes (of the positive
 * class, of the predicted one); lists beside their labels do not.
 */
export const ANSWERS = ['predicted_label', 'probabilities', 'labels'];

/**
 * The candidate's containers, asked for `ANSWERS`.
 *
 * Each container says in SAGEMAKER_INFERENCE_SUPPORTED what it can give: in ENSEMBLING mode the only one, in HPO mode the
 * second and the third, where what one puts out is what the next takes in. A regression says nothing and is asked nothing.
 */
export function containersFor(candidate: AutoMLContainerDefinition[], classification: boolean): ContainerDefinition[] {
  let before: string | undefined;
  let answered = false;
  const containers = candidate.map(({ Image, ModelDataUrl, Environment = {} }): ContainerDefinition => {
    const supported = Environment.SAGEMAKER_INFERENCE_SUPPORTED?.split(',').map((key) => key.trim()) ?? [];
    const output = classification ? ANSWERS.filter((key) => supported.includes(key)).join() : '';
    const asked = {
      ...(output && before ? { SAGEMAKER_INFERENCE_INPUT: before } : {}),
      ...(output ? { SAGEMAKER_INFERENCE_OUTPUT: output } : {}),
    };
    before = output || undefined;
    answered = output === ANSWERS.join();
    return { Image, ModelDataUrl, Environment: { ...Environment, ...asked } };
  });
  if (!containers.length) throw stepError('ModelUnusable', 'The best candidate has no inference containers');
  if (classification && !answered)
    throw stepError(
      'ModelUnusable',
      `The best candidate's last container cannot answer with ${ANSWERS.join(', ')}: predictions could not be read`,
    );
  return containers;
}
