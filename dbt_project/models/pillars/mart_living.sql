{{ pillar_mart("living", ["ind_stunting", "ind_births", "ind_households"]) }}
