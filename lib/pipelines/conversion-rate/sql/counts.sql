-- What is odd in the sources. The definition says which of it stops a run.
WITH stats AS (
  SELECT
    entity_id,
    device,
    clicks,
    conversions,
    -- The attributes as three whole numbers, one bit each: two rows agree when these do. Null when an attribute is null.
    CAST(
      att1 + att2 * 2 + att3 * 4 + att4 * 8 + att5 * 16 + att6 * 32 + att7 * 64 + att8 * 128 + att9 * 256
      + att10 * 512 + att11 * 1024 + att12 * 2048 + att13 * 4096 + att14 * 8192 + att15 * 16384 + att16 * 32768
      + att17 * 65536 + att18 * 131072 + att19 * 262144 + att20 * 524288 + att21 * 1048576 + att22 * 2097152
      + att23 * 4194304 + att24 * 8388608 + att25 * 16777216 + att26 * 33554432 + att27 * 67108864 + att28 * 134217728
      + att29 * 268435456 + att30 * 536870912 + att31 * 1073741824 + att32 * 2147483648 + att33 * 4294967296
      + att34 * 8589934592 + att35 * 17179869184 + att36 * 34359738368 + att37 * 68719476736 + att38 * 137438953472
      + att39 * 274877906944 + att40 * 549755813888 + att41 * 1099511627776 + att42 * 2199023255552
      + att43 * 4398046511104 + att44 * 8796093022208 + att45 * 17592186044416 + att46 * 35184372088832
      + att47 * 70368744177664 + att48 * 140737488355328 + att49 * 281474976710656 + att50 * 562949953421312
      + att51 * 1125899906842624 + att52 * 2251799813685248 + att53 * 4503599627370496 + att54 * 9007199254740992
    AS bigint) AS first_54,
    CAST(
      att55 + att56 * 2 + att57 * 4 + att58 * 8 + att59 * 16 + att60 * 32 + att61 * 64 + att62 * 128 + att63 * 256
      + att64 * 512 + att65 * 1024 + att66 * 2048 + att67 * 4096 + att68 * 8192 + att69 * 16384 + att70 * 32768
      + att71 * 65536 + att72 * 131072 + att73 * 262144 + att74 * 524288 + att75 * 1048576 + att76 * 2097152
      + att77 * 4194304 + att78 * 8388608 + att79 * 16777216 + att80 * 33554432 + att81 * 67108864 + att82 * 134217728
      + att83 * 268435456 + att84 * 536870912 + att85 * 1073741824 + att86 * 2147483648 + att87 * 4294967296
      + att88 * 8589934592 + att89 * 17179869184 + att90 * 34359738368 + att91 * 68719476736 + att92 * 137438953472
      + att93 * 274877906944 + att94 * 549755813888 + att95 * 1099511627776 + att96 * 2199023255552
      + att97 * 4398046511104 + att98 * 8796093022208 + att99 * 17592186044416 + att100 * 35184372088832
      + att101 * 70368744177664 + att102 * 140737488355328 + att103 * 281474976710656 + att104 * 562949953421312
      + att105 * 1125899906842624 + att106 * 2251799813685248 + att107 * 4503599627370496 + att108 * 9007199254740992
    AS bigint) AS second_54,
    CAST(
      att109 + att110 * 2 + att111 * 4 + att112 * 8 + att113 * 16 + att114 * 32 + att115 * 64 + att116 * 128
      + att117 * 256 + att118 * 512 + att119 * 1024 + att120 * 2048 + att121 * 4096 + att122 * 8192 + att123 * 16384
      + att124 * 32768 + att125 * 65536 + att126 * 131072 + att127 * 262144 + att128 * 524288 + att129 * 1048576
      + att130 * 2097152 + att131 * 4194304 + att132 * 8388608 + att133 * 16777216 + att134 * 33554432
      + att135 * 67108864 + att136 * 134217728 + att137 * 268435456 + att138 * 536870912 + att139 * 1073741824
      + att140 * 2147483648 + att141 * 4294967296 + att142 * 8589934592 + att143 * 17179869184 + att144 * 34359738368
      + att145 * 68719476736 + att146 * 137438953472 + att147 * 274877906944 + att148 * 549755813888
      + att149 * 1099511627776 + att150 * 2199023255552 + att151 * 4398046511104 + att152 * 8796093022208
      + att153 * 17592186044416 + att154 * 35184372088832 + att155 * 70368744177664 + att156 * 140737488355328
      + att157 * 281474976710656 + att158 * 562949953421312 + att159 * 1125899906842624 + att160 * 2251799813685248
    AS bigint) AS last_52
  FROM keyword_stats
),
known AS (
  SELECT
    entity_id,
    device,
    COALESCE(clicks, 0) AS clicks,
    COALESCE(conversions, 0) AS conversions,
    first_54,
    second_54,
    last_52
  FROM stats
  WHERE device IN ('Computer', 'Smartphone', 'Tablet')
),
conflicts AS (
  SELECT entity_id
  FROM known
  GROUP BY entity_id
  HAVING
    MIN(first_54) <> MAX(first_54) OR MIN(second_54) <> MAX(second_54) OR MIN(last_52) <> MAX(last_52)
),
pairs AS (
  SELECT entity_id, device, SUM(clicks) AS clicks, SUM(conversions) AS conversions
  FROM known
  GROUP BY entity_id, device
),
asked AS (
  SELECT
    device,
    CAST(
      att1 + att2 + att3 + att4 + att5 + att6 + att7 + att8 + att9 + att10 + att11 + att12 + att13 + att14 + att15
      + att16 + att17 + att18 + att19 + att20 + att21 + att22 + att23 + att24 + att25 + att26 + att27 + att28 + att29
      + att30 + att31 + att32 + att33 + att34 + att35 + att36 + att37 + att38 + att39 + att40 + att41 + att42 + att43
      + att44 + att45 + att46 + att47 + att48 + att49 + att50 + att51 + att52 + att53 + att54 + att55 + att56 + att57
      + att58 + att59 + att60 + att61 + att62 + att63 + att64 + att65 + att66 + att67 + att68 + att69 + att70 + att71
      + att72 + att73 + att74 + att75 + att76 + att77 + att78 + att79 + att80 + att81 + att82 + att83 + att84 + att85
      + att86 + att87 + att88 + att89 + att90 + att91 + att92 + att93 + att94 + att95 + att96 + att97 + att98 + att99
      + att100 + att101 + att102 + att103 + att104 + att105 + att106 + att107 + att108 + att109 + att110 + att111
      + att112 + att113 + att114 + att115 + att116 + att117 + att118 + att119 + att120 + att121 + att122 + att123
      + att124 + att125 + att126 + att127 + att128 + att129 + att130 + att131 + att132 + att133 + att134 + att135
      + att136 + att137 + att138 + att139 + att140 + att141 + att142 + att143 + att144 + att145 + att146 + att147
      + att148 + att149 + att150 + att151 + att152 + att153 + att154 + att155 + att156 + att157 + att158 + att159
      + att160
    AS bigint) AS attributes
  FROM requests
)
SELECT
  CAST((
    SELECT COUNT(*) FROM stats WHERE stats.device NOT IN ('Computer', 'Smartphone', 'Tablet')
  ) AS bigint) AS unknown_devices,
  CAST((SELECT COUNT(*) FROM conflicts) AS bigint) AS conflicting_entities,
  CAST((
    SELECT COUNT(*) FROM pairs WHERE pairs.clicks > 0 AND pairs.conversions > pairs.clicks
  ) AS bigint) AS pairs_above_one,
  CAST((SELECT COUNT(*) FROM pairs WHERE pairs.clicks = 0) AS bigint) AS pairs_without_click,
  CAST((
    SELECT COUNT(*) FROM stats WHERE stats.first_54 + stats.second_54 + stats.last_52 IS NULL
  ) AS bigint) AS missing_attributes,
  CAST((SELECT COUNT(*) FROM stats WHERE stats.clicks < 0 OR stats.conversions < 0) AS bigint) AS negative_numbers,
  CAST((
    SELECT COUNT(*) FROM asked WHERE asked.device NOT IN ('Computer', 'Smartphone', 'Tablet')
  ) AS bigint) AS requests_of_unknown_devices,
  CAST((SELECT COUNT(*) FROM asked WHERE asked.attributes IS NULL) AS bigint) AS requests_missing_attributes
