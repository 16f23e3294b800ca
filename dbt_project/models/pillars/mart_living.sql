{{ pillar_mart("living") }}
