"""The tables of the recommender's paper as studies, every row, with the paper's figure beside ours."""
