{{ pillar_mart("economy", ["ind_ipm", "ind_poverty"]) }}
