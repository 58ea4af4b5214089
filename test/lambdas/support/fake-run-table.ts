import {
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';

type Item = Record<string, unknown>;

/** The run table in memory, with the conditions the product uses. An unknown condition is an error of the test. */
export function fakeRunTable() {
  const items = new Map<string, Item>();
  const mock = mockClient(DynamoDBDocumentClient);
  const id = ({ pk, sk }: Item) => `${pk} ${sk}`;
  const check = (key: string, condition: string | undefined, values: Item = {}) => {
    const item = items.get(key);
    const holds =
      condition === undefined ||
      (condition === 'attribute_not_exists(pk)' && !item) ||
      (condition === 'attribute_not_exists(pk) OR executionArn IN (:me, :dead)' &&
        (!item || item.executionArn === values[':me'] || item.executionArn === values[':dead'])) ||
      (condition === 'executionArn = :me' && item?.executionArn === values[':me']);
    if (!holds)
      throw Object.assign(new Error('The conditional request failed'), { name: 'ConditionalCheckFailedException' });
  };
  mock.on(PutCommand).callsFake(({ Item: item, ConditionExpression, ExpressionAttributeValues }) => {
    check(id(item), ConditionExpression, ExpressionAttributeValues);
    items.set(id(item), structuredClone(item));
    return {};
  });
  mock.on(GetCommand).callsFake(({ Key }) => ({ Item: structuredClone(items.get(id(Key))) }));
  mock.on(DeleteCommand).callsFake(({ Key, ConditionExpression, ExpressionAttributeValues }) => {
    check(id(Key), ConditionExpression, ExpressionAttributeValues);
    items.delete(id(Key));
    return {};
  });
  mock.on(UpdateCommand).callsFake(({ Key, UpdateExpression, ExpressionAttributeValues }) => {
    const [, name, value] = /^SET (\w+) = (:\w+)$/.exec(UpdateExpression) ?? [];
    if (!name || !value) throw new Error(`unknown update ${UpdateExpression}`);
    items.set(id(Key), { ...Key, ...items.get(id(Key)), [name]: ExpressionAttributeValues[value] });
    return {};
  });
  mock.on(QueryCommand).callsFake(({ ExpressionAttributeValues: values }) => ({
    Items: [...items.values()]
      .filter(({ pk, sk }) => pk === values[':pk'] && String(sk).startsWith(values[':prefix']))
      .sort((a, b) => (String(a.sk) < String(b.sk) ? -1 : 1)),
  }));
  return {
    mock,
    items,
    get: (pk: string, sk: string) => items.get(`${pk} ${sk}`),
    put: (item: Item) => items.set(id(item), item),
  };
}
