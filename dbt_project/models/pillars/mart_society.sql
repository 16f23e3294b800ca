{{ pillar_mart("society", ["ind_apm", "ind_schools"]) }}
