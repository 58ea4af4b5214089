/**
 * AWS's scikit-learn container, which trains and serves the script models: Python 3.9, scikit-learn 1.2.1, numpy 1.24,
 * pyarrow 14; no LightGBM.
 *
 * The accounts of its registries by region, as the SageMaker Python SDK lists them (image_uri_config/sklearn.json,
 * version 1.2-1). A region that is not listed has no such image.
 */
const REGISTRIES: Record<string, string> = {
  'af-south-1': '510948584623',
  'ap-east-1': '651117190479',
  'ap-northeast-1': '354813040037',
  'ap-northeast-2': '366743142698',
  'ap-northeast-3': '867004704886',
  'ap-south-1': '720646828776',
  'ap-south-2': '628508329040',
  'ap-southeast-1': '121021644041',
  'ap-southeast-2': '783357654285',
  'ap-southeast-3': '951798379941',
  'ap-southeast-4': '106583098589',
  'ca-central-1': '341280168497',
  'cn-north-1': '450853457545',
  'cn-northwest-1': '451049120500',
  'eu-central-1': '492215442770',
  'eu-central-2': '680994064768',
  'eu-north-1': '662702820516',
  'eu-south-1': '978288397137',
  'eu-south-2': '104374241257',
  'eu-west-1': '141502667606',
  'eu-west-2': '764974769150',
  'eu-west-3': '659782779980',
  'me-central-1': '272398656194',
  'me-south-1': '801668240914',
  'sa-east-1': '737474898029',
  'us-east-1': '683313688378',
  'us-east-2': '257758044811',
  'us-gov-east-1': '237065988967',
  'us-gov-west-1': '414596584902',
  'us-west-1': '746614075791',
  'us-west-2': '246618743249',
};

const IMAGE = 'sagemaker-scikit-learn:1.2-1-cpu-py3';

/** The image of a region. Throws for a region without one, naming those that have it. */
export function sklearnImage(region: string): string {
  const account = Object.hasOwn(REGISTRIES, region) ? REGISTRIES[region] : undefined;
  if (!account)
    throw new Error(`AWS has no scikit-learn image in ${region}; it has in ${Object.keys(REGISTRIES).join(', ')}`);
  return `${account}.dkr.ecr.${region}.${region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}/${IMAGE}`;
}
