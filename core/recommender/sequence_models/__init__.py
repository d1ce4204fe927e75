"""Four sequence models that the paper compares its network with, behind the verbs of `Recommender`.

GRU4REC (Hidasi et al. 2016), pooling (Covington et al. 2016), a causal CNN (van den Oord et al. 2016) and a mixture of
tastes (Kula 2017): rows 1 to 4 of Tables II and III of Mahyari 2022. Each exercise has one embedding, which serves as
input and, by its product with the state, as output. No profile enters any of them.

Importing this package does not import torch; the first fit or prediction does.
"""

from core.recommender.sequence_models.model import SequenceModel, fit_folds
from core.recommender.sequence_models.settings import KINDS, Kind, Loss, SequenceSettings

__all__ = ["KINDS", "Kind", "Loss", "SequenceModel", "SequenceSettings", "fit_folds"]
