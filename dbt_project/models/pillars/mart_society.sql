{{ pillar_mart("society") }}
