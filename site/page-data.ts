import type { ColumnType, Pipeline } from '#lib/pipelines/pipeline.ts';
import { type FeatureWords, REORDER_FEATURES } from '#site/reorder-features.ts';
import { labelOf } from '#site/words.ts';

/** A value that a model reads, in the model's order. */
export interface Feature extends FeatureWords {
  name: string;
  whole: boolean;
  /** Where it stands on the page, which puts together what belongs together. */
  place: number;
}

export interface ScoreForm {
  pipeline: string;
  threshold: number;
  features: Feature[];
}

export interface LookUpColumn {
  name: string;
  label: string;
  type: ColumnType;
}

/** How the predictions of a pipeline are asked for, and what they consist of. */
export interface LookUp {
  pipeline: string;
  asks: string;
  key: LookUpColumn[];
  columns: LookUpColumn[];
}

/** All that the page knows of the pipelines, made of their definitions when it is built. */
export interface PageData {
  score: ScoreForm;
  lookUps: LookUp[];
}

/** Throws when words and definition do not name the same features, or there is nothing to compare a probability with. */
export function scoreForm({ name, model, tables }: Pipeline, words: Record<string, FeatureWords>): ScoreForm {
  if (model?.threshold === undefined) throw new Error(`${name}: the page needs a model with a threshold`);
  const types = Object.assign({}, ...Object.values(tables).map(({ columns }) => columns)) as Record<
    string,
    { type: ColumnType }
  >;
  const strange = Object.keys(words).filter((feature) => !model.features.includes(feature));
  if (strange.length) throw new Error(`${name}: ${strange.join(', ')}: described for the page and no feature`);
  const features = model.features.map((feature) => {
    const said = words[feature];
    if (!said) throw new Error(`${name}: the feature ${feature} is not described: add it to site/reorder-features.ts`);
    const place = Object.keys(words).indexOf(feature);
    return {
      name: feature,
      place,
      whole: types[feature]?.type === 'bigint' || types[feature]?.type === 'integer',
      ...said,
    };
  });
  return { pipeline: name, threshold: model.threshold, features };
}

function lookUpOf({ name, asks, predictions }: Pipeline): LookUp[] {
  if (!predictions) return [];
  const columns = Object.entries(predictions.columns).map(([column, { type }]) => ({
    name: column,
    label: labelOf(column),
    type,
  }));
  return [
    {
      pipeline: name,
      asks,
      key: predictions.key.flatMap((key) => columns.filter((column) => column.name === key)),
      // Every answer names its model beside the prediction.
      columns: columns.filter((column) => !predictions.key.includes(column.name) && column.name !== 'model'),
    },
  ];
}

/** The pipeline that is scored comes first. */
export function pageData(pipelines: Record<string, Pipeline>): PageData {
  const { reorder } = pipelines;
  if (!reorder) throw new Error('The page scores with reorder, which is not there');
  const others = Object.values(pipelines).filter((pipeline) => pipeline !== reorder);
  return { score: scoreForm(reorder, REORDER_FEATURES), lookUps: [reorder, ...others].flatMap(lookUpOf) };
}
